// Overview: what is wrong, how much there is of what, what was done lately, and each queue.
import { actOnOne } from "../acts.js";
import { findingsOf } from "../diagnosis.js";
import { filterOf } from "../filters.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { useKeys } from "../keyboard.js";
import { overview } from "../live.js";
import { useAsked } from "../loading.js";
import { NumberLink, rate, whole } from "../numbers.js";
import { Bars } from "../parts/bars.js";
import { ActivityChart } from "../parts/chart.js";
import { Choices } from "../parts/choices.js";
import { Command } from "../parts/copy.js";
import { Head } from "../parts/head.js";
import { Answered, Empty } from "../parts/notes.js";
import { useRows } from "../parts/rows.js";
import { go, href, tasksHref } from "../router.js";
import { Shape } from "../states.js";
import { useStore } from "../store.js";
import { coarse, Since } from "../times.js";
import { mayAct, visitor } from "../visitor.js";
import { visible } from "../visible.js";

const HOUR_S = 3_600;
const SPANS = [[HOUR_S, "1 h"], [24 * HOUR_S, "24 h"], [168 * HOUR_S, "7 d"]];
const MOST_FINDINGS = 4;

function Findings({ queues, workers, stats }) {
  const [isAll, setAll] = useState(false);
  const found = findingsOf({ queues, workers, stats });
  const shown = isAll ? found : found.slice(0, MOST_FINDINGS);
  return html`<section aria-label="What is wrong">${shown.map((one) => html`
    <div key=${one.key} class=${`finding of-${one.state}`}><${Shape} state=${one.state} />
      <p><b>${visible(one.strong)}</b>${visible(one.rest)}</p>
      <span class="do">${one.command ? html`<${Command} text=${one.command} />` : html`<a class="link" href=${one.href}>${one.link} →</a>`}</span>
    </div>`)}
    ${found.length > shown.length && html`<button class="plain" onClick=${() => setAll(true)}>${found.length - shown.length} more</button>`}
  </section>`;
}

// It grows on, so that numbers that were asked for at different times agree.
function Age({ of }) {
  return html`<${Since} at=${of.now_ms - of.oldest_ready_ms} />`;
}

function Tile({ state, name, value, under, to, isBad = false }) {
  return html`<a class="tile" href=${to}><small>${state && html`<${Shape} state=${state} />`}${name}</small>
    <b class=${isBad ? "bad" : ""}>${value}</b><span class="faint">${under || "\u00a0"}</span></a>`;
}

function Tiles({ now, queues, stats, workers }) {
  const seconds = stats ? Math.max(1, (stats.now_ms - stats.from_ms) / 1_000) : 1;
  const busy = workers.reduce((sum, worker) => sum + worker.busy, 0);
  return html`<section class="tiles" aria-label="In all queues">
    <${Tile} state="ready" name="ready" value=${whole(now.ready)} to=${tasksHref("state:ready")}
      under=${now.oldest_ready_ms === null ? "" : html`oldest <${Age} of=${now} />`} />
    <${Tile} state="scheduled" name="scheduled" value=${whole(now.scheduled)} to=${tasksHref("state:scheduled,retrying")} under="or retrying" />
    <${Tile} state="running" name="leased" value=${whole(now.leased)} to=${tasksHref("state:leased,running")} under=${`${whole(busy)} of ${whole(now.slots)} slots run`} />
    <${Tile} state="dead" name="dead" value=${whole(now.dead)} to=${href("dead")} isBad=${now.dead > 0} />
    <${Tile} state="succeeded" name="ended per second" value=${stats ? rate(stats.total.ended / seconds) : "–"} to=${tasksHref("state:succeeded")}
      under=${stats && stats.total.wait_p95_ms !== null ? `p95 wait ${coarse(stats.total.wait_p95_ms)}` : ""} />
    <${Tile} name="workers" value=${whole(now.workers)} to=${href("workers")} under=${`in ${whole(now.queues)} ${now.queues === 1 ? "queue" : "queues"}`} />
  </section>`;
}

function Queues({ queues, stats, more }) {
  const place = useRef(null);
  const canAct = mayAct(useStore(visitor));
  const seconds = stats ? Math.max(1, (stats.now_ms - stats.from_ms) / 1_000) : 1;
  const done = new Map((stats?.queues ?? []).map((one) => [one.queue, one]));
  const rows = useRows(queues.length, (at) => go(tasksHref(filterOf({ queue: queues[at].queue }))));
  useKeys({ "g q": () => { place.current.scrollIntoView({ block: "start" }); rows.move(0); } });
  const late = (queue) => (queue.oldest_ready_ms >= 60_000 ? "bad" : "");
  return html`<section class="panel" ref=${place}><h2>Queues <small>every number leads to its tasks</small></h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Queues"><table><thead><tr><th>queue</th><th class="number">ready</th><th class="number hide-small">scheduled</th><th class="number">leased</th>
      <th class="number">dead</th><th class="number">oldest</th><th class="number hide-small">per s</th><th class="number hide-medium">p95 wait</th><th class="number hide-medium">p95 run</th>${canAct && html`<th><span class="unseen">actions</span></th>`}</tr></thead>
    <tbody>${queues.map((queue, at) => {
      const name = queue.queue;
      const one = done.get(name);
      const to = (states) => tasksHref(filterOf({ state: states, queue: name }));
      return html`<tr key=${name} ...${rows.of(at)}>
        <th scope="row"><a href=${tasksHref(filterOf({ queue: name }))}>${visible(name)}</a>${queue.paused && html` <span class="of-warning" title=${`by ${queue.paused.by}`}>paused</span>`}</th>
        <td class="number"><${NumberLink} value=${queue.ready} href=${to("ready")} /></td>
        <td class="number hide-small"><${NumberLink} value=${queue.scheduled} href=${to("scheduled,retrying")} /></td>
        <td class="number"><${NumberLink} value=${queue.leased} href=${to("leased,running")} /></td>
        <td class="number"><${NumberLink} value=${queue.dead} href=${href("dead", [], { filter: filterOf({ queue: name }) })} bad /></td>
        <td class="number">${queue.oldest_ready_ms === null ? html`<span class="faint">–</span>` : html`<a class=${late(queue)} href=${to("ready")}><${Age} of=${queue} /></a>`}</td>
        <td class="number hide-small">${one ? html`<a href=${to("succeeded,dead,cancelled,expired,lost")}>${rate(one.ended / seconds)}</a>` : html`<span class="faint">0</span>`}</td>
        <td class="number hide-medium">${one && one.wait_p95_ms !== null ? coarse(one.wait_p95_ms) : html`<span class="faint">–</span>`}</td>
        <td class="number hide-medium">${one && one.run_p95_ms !== null ? coarse(one.run_p95_ms) : html`<span class="faint">–</span>`}</td>
        ${canAct && html`<td class="acts"><button onClick=${() => actOnOne({ action: queue.paused ? "queue_resume" : "queue_pause", queue: name })}>${queue.paused ? "Resume" : "Pause"}</button></td>`}
      </tr>`;
    })}</tbody></table></div>
    ${more && html`<p class="soft">The first ${whole(queues.length)} queues by name.</p>`}</section>`;
}

function Activity({ asked }) {
  return html`<section class="panel"><h2>Throughput and wait</h2><${Answered} asked=${asked}>${(stats) => (stats.series.length
    ? html`<${ActivityChart} stats=${stats} />`
    : html`<${Empty} title="No worker did anything in this time" command="redisched worker MODULE:APP" />`)}<//></section>`;
}

function Priorities({ now }) {
  const rows = now.priorities.filter((one) => one.ready > 0).map((one) => ({
    name: String(one.priority), value: one.ready, href: tasksHref(filterOf({ state: "ready", priority: one.priority })) }));
  return html`<section class="panel"><h2>Ready by priority <small>the lower runs first</small></h2>
    ${rows.length ? html`<${Bars} rows=${rows} />` : html`<p class="soft">Nothing is ready.</p>`}</section>`;
}

export function Overview({ at }) {
  const now = useStore(overview);
  const first = useAsked("/overview", {}, { isLive: false });
  const queues = useAsked("/queues", { limit: 200 });
  const workers = useAsked("/workers", { limit: 200 });
  const hour = useAsked("/series", { since_s: 3_600 }, { isLive: false });
  const [span, setSpan] = useState(HOUR_S);
  const longer = useAsked(span === HOUR_S ? null : "/series", { since_s: span }, { isLive: false });
  const sums = now ?? first.data;
  const listed = queues.data?.queues ?? [];
  const there = workers.data?.workers ?? [];
  const wantsQueues = at.query.get("at") === "queues";
  useEffect(() => {
    if (wantsQueues && listed.length) document.querySelector("[aria-label=Queues]")?.scrollIntoView();
  }, [wantsQueues, listed.length > 0]);
  return html`<${Head} title="Overview"><${Choices} label="Time" values=${SPANS} chosen=${span} choose=${setSpan} /><//>
    ${queues.data && workers.data && html`<${Findings} queues=${listed} workers=${there} stats=${hour.data} />`}
    <${Answered} asked=${{ ...first, data: sums }}>${() => html`<${Tiles} now=${sums} queues=${listed} stats=${hour.data} workers=${there} />`}<//>
    <div class="columns"><${Activity} asked=${span === HOUR_S ? hour : longer} />${sums && html`<${Priorities} now=${sums} />`}</div>
    <${Answered} asked=${queues}>${(found) => (found.queues.length
      ? html`<${Queues} queues=${found.queues} stats=${hour.data} more=${found.next} />`
      : html`<section class="panel"><${Empty} title="There is no queue yet" command="redisched enqueue NAME 1 2">A queue is there once a task was enqueued, or a worker serves it.<//></section>`)}<//>`;
}
