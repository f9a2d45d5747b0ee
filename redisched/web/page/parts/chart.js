// What workers did over a time, as bars by their ends and the wait as a line, drawn by uPlot.
import uPlot from "../vendor/uplot.mjs";
import { html, useEffect, useRef } from "../html.js";
import { theme } from "../theme.js";
import { useStore } from "../store.js";
import { coarse } from "../times.js";
import { rate, rates } from "../numbers.js";
import { Shape } from "../states.js";

const HEIGHT = 230;
const BAR = uPlot.paths.bars({ size: [0.78, 40], radius: 0.1 });

// Every step from the first to the last: those in which nothing was done are left out of the answer. One that has just
// begun counts as a quarter, so that its few seconds do not look like a peak.
export function columnsOf(stats) {
  const byBegin = new Map(stats.series.map((one) => [one.begin_ms, one]));
  const columns = [[], [], [], []];
  for (let at = stats.from_ms; at <= stats.now_ms; at += stats.step_ms) {
    const one = byBegin.get(at);
    const seconds = Math.min(stats.step_ms, Math.max(stats.step_ms / 4, stats.now_ms - at)) / 1_000;
    const failed = one ? (one.failed + one.dead + one.crashed + one.lease_expired) / seconds : 0;
    columns[0].push(at / 1_000);
    columns[1].push((one ? one.succeeded / seconds : 0) + failed);
    columns[2].push(failed);
    columns[3].push(one && one.wait_p95_ms !== null ? one.wait_p95_ms : null);
  }
  return columns;
}

// Colours as a canvas needs them: those of the theme, which only the computed style of an element tells.
function coloursOf(element, names) {
  const found = names.map((name) => {
    element.style.color = `var(--${name})`;
    return getComputedStyle(element).color;
  });
  element.style.color = "";
  return found;
}

function optionsFor(element, stepS) {
  const [soft, line, text, succeeded, dead] = coloursOf(element, ["soft", "line", "text", "succeeded-bar", "dead"]);
  const axis = {
    stroke: soft, font: "11px system-ui, sans-serif", ticks: { show: false },
    grid: { stroke: line, width: 1 },
  };
  return {
    width: element.clientWidth, height: HEIGHT, legend: { show: false }, padding: [8, 0, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { range: (_plot, low, high) => [low - stepS / 2, high + stepS / 2] }, y: { range: (_plot, _low, high) => [0, Math.max(high || 0, 0.1) * 1.1] }, ms: { range: (_plot, _low, high) => [0, Math.max(high || 0, 10) * 1.25] } },
    series: [
      {},
      { label: "succeeded", paths: BAR, fill: succeeded, width: 0, points: { show: false } },
      { label: "failed", paths: BAR, fill: dead, width: 0, points: { show: false } },
      { label: "p95 wait", scale: "ms", stroke: text, width: 1.5, points: { size: 4 } },
    ],
    axes: [
      { ...axis, size: 28, grid: { show: false }, values: (_plot, all) => all.map((at) => nameOf(at, stepS)) },
      { ...axis, size: 52, values: (_plot, all) => rates(all) },
      { ...axis, scale: "ms", side: 1, size: 52, grid: { show: false }, values: (_plot, all) => all.map((value) => coarse(value)) },
    ],
  };
}

function nameOf(atS, stepS) {
  const form = stepS < 3_600 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { month: "short", day: "numeric", hour: "2-digit", hourCycle: "h23" };
  return new Date(atS * 1_000).toLocaleString("en", form);
}

function sentenceOf(columns, at) {
  if (at === null || at === undefined || columns[0][at] === undefined) return "";
  const when = new Date(columns[0][at] * 1_000).toLocaleString("en", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const wait = columns[3][at];
  const failed = columns[2][at];
  return `${when}: ${rate(columns[1][at] - failed)} succeeded, ${rate(failed)} failed${wait === null ? "" : `, p95 wait ${coarse(wait)}`}`;
}

export function ActivityChart({ stats }) {
  const place = useRef(null);
  const said = useRef(null);
  const plot = useRef(null);
  const columns = columnsOf(stats);
  const latest = useRef(columns);
  latest.current = columns;
  const colours = useStore(theme);

  useEffect(() => {
    const hooks = { setCursor: [(one) => { said.current.textContent = sentenceOf(latest.current, one.cursor.idx); }] };
    const element = place.current;
    plot.current = new uPlot({ ...optionsFor(element, stats.step_ms / 1_000), hooks }, latest.current, element);
    const fit = new ResizeObserver(() => plot.current.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    return () => {
      fit.disconnect();
      plot.current.destroy();
    };
  }, [colours, stats.step_ms]);
  useEffect(() => plot.current.setData(columns), [stats]);

  const total = stats.total;
  const failed = total.failed + total.dead + total.crashed + total.lease_expired;
  return html`<figure>
    <div class="legend"><span><${Shape} state="succeeded" /> succeeded</span><span><${Shape} state="dead" /> failed</span>
      <span><span class="line-mark" aria-hidden="true"></span> p95 wait</span><span ref=${said} class="told"></span></div>
    <div class="plot" ref=${place} role="img"
      aria-label=${`${total.succeeded} attempts succeeded, ${failed} failed; p95 wait ${total.wait_p95_ms === null ? "unknown" : coarse(total.wait_p95_ms)}`}></div>
  </figure>`;
}
