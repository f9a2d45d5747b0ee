// Spans of time in two lanes: what waited, and what ran.
import { html } from "../html.js";
import { coarse, duration, exact } from "../times.js";

const LANES = [["waits", ["scheduled", "ready", "retrying"]], ["runs", []]];
const LANE = 24;
const LEAST = 0.5;

export function Timeline({ spans, nowMs }) {
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(nowMs, ...spans.map((span) => span.to));
  const length = Math.max(1, to - from);
  const share = (at) => (100 * (at - from)) / length;
  const isWaiting = (span) => LANES[0][1].includes(span.kind);
  return html`<figure class="life">
    <div class="lanes" aria-hidden="true">${LANES.map(([name]) => html`<span key=${name}>${name}</span>`)}</div>
    <svg width="100%" height=${2 * LANE} role="img" aria-label=${spans.map((span) => `${span.said} for ${duration(span.to - span.from)}`).join("; ")}>
      <rect class="lane" width="100%" y="2" height=${LANE - 6} rx="4" /><rect class="lane" width="100%" y=${LANE + 2} height=${LANE - 6} rx="4" />
      ${spans.map((span, index) => {
        const width = Math.max(LEAST, share(span.to) - share(span.from));
        return html`<rect key=${index} class=${`span of-${span.kind === "failed" ? "dead" : span.kind} ${span.isPlanned ? "planned" : ""}`}
          x=${`${Math.min(100 - width, share(span.from))}%`} width=${`${width}%`} y=${isWaiting(span) ? 2 : LANE + 2} height=${LANE - 6} rx="3">
          <title>${`${span.said}: ${duration(span.to - span.from)}, from ${exact(span.from)} to ${exact(span.to)}`}</title></rect>`;
      })}
      ${to > nowMs && html`<line class="now" x1=${`${share(nowMs)}%`} x2=${`${share(nowMs)}%`} y1="0" y2=${2 * LANE} />`}
    </svg>
    <div class="ends"><time title=${exact(from)}>${from < nowMs ? `${coarse(nowMs - from)} ago` : "now"}</time><time title=${exact(to)}>${to > nowMs ? `in ${coarse(to - nowMs)}` : "now"}</time></div>
  </figure>`;
}
