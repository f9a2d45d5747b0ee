// Overview: what is wrong, how much there is of what, what was done lately, and each queue.
import { findingsOf } from "../diagnosis.js";
import { filterOf } from "../filters.js";
import { html, useEffect, useState } from "../html.js";
import { overview } from "../live.js";
import { useAsked } from "../loading.js";
import { atLeast, counted, rate, whole } from "../numbers.js";
import { actionsOf, AuditTable } from "../parts/audit_rows.js";
import { Bars } from "../parts/bars.js";
import { ActivityChart } from "../parts/chart.js";
import { Choices } from "../parts/choices.js";
import { Command } from "../parts/copy.js";
import { Head } from "../parts/head.js";
import { Answered, Empty } from "../parts/notes.js";
import { Age, Queues, scheduledOf } from "../parts/queues.js";
import { ReadyReasons } from "../parts/ready_reasons.js";
import { href, tasksHref } from "../router.js";
import { Shape } from "../states.js";
import { useStore } from "../store.js";
import { coarse } from "../times.js";
import { visible } from "../visible.js";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const SPANS = [[HOUR_S, "1 h"], [DAY_S, "24 h"], [7 * DAY_S, "7 d"]];
const MOST_FINDINGS = 5;
const MOST_DONE = 5;

function Findings({ queues, reasons, hour, before }) {
  const [isAll, setAll] = useState(false);
  const found = findingsOf({ queues, reasons, hour, before });
  const shown = isAll ? found : found.slice(0, MOST_FINDINGS);
  return html`<section aria-label="What is wrong">${shown.map((one) => html`
    <div key=${one.key} class=${`finding of-${one.state}`}><${Shape} state=${one.state} />
      <p><b>${visible(one.strong)}</b>${visible(one.rest)}</p>
      <span class="do">${one.command ? html`<${Command} text=${one.command} />` : html`<a class="link" href=${one.href}>${one.link} →</a>`}</span>
    </div>`)}
    ${found.length > shown.length && html`<button class="plain" onClick=${() => setAll(true)}>${found.length - shown.length} more</button>`}
  </section>`;
}

function Tile({ state, name, value, under, to, isBad = false }) {
  return html`<a class="tile" href=${to}><small>${state && html`<${Shape} state=${state} />`}${name}</small>
    <b class=${isBad ? "bad" : ""}>${value}</b><span class="faint">${under || "\u00a0"}</span></a>`;
}

function Tiles({ now, stats }) {
  const seconds = stats ? Math.max(1, (stats.now_ms - stats.from_ms) / 1_000) : 1;
  const [scheduled, scheduledStates] = scheduledOf(now);
  return html`<section class="tiles" aria-label="In all queues">
    <${Tile} state="ready" name="ready" value=${whole(now.ready)} to=${tasksHref("state:ready")}
      under=${now.oldest_ready_ms === null ? "" : html`oldest <${Age} of=${now} />`} />
    <${Tile} state="scheduled" name="scheduled" value=${whole(scheduled)} to=${tasksHref(`state:${scheduledStates}`)} />
    <${Tile} state="retrying" name="retrying" value=${atLeast(now.retrying, now.retrying_is_exact)} to=${tasksHref("state:retrying")} />
    <${Tile} state="running" name="running" value=${atLeast(now.running, now.running_is_exact)} to=${tasksHref("state:running")}
      under=${`of ${counted(now.slots, "slot")}`} />
    <${Tile} state="dead" name="dead" value=${whole(now.dead)} to=${href("dead")} isBad=${now.dead > 0} />
    <${Tile} state="succeeded" name="ended" value=${stats ? rate(stats.total.ended / seconds) : "–"} to=${tasksHref("state:succeeded")}
      under=${stats && stats.total.wait_p95_ms !== null ? `p95 wait ${coarse(stats.total.wait_p95_ms)}` : ""} />
    <${Tile} name="workers" value=${whole(now.workers)} to=${href("workers")} under=${`in ${whole(now.queues)} ${now.queues === 1 ? "queue" : "queues"}`} />
  </section>`;
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

function Done({ asked }) {
  return html`<section class="panel"><h2>Who did what <small><a class="link" href=${href("audit")}>all</a></small></h2><${Answered} asked=${asked}>${(found) => (found.entries.length
    ? html`<${AuditTable} actions=${actionsOf(found.entries).slice(0, MOST_DONE)} />`
    : html`<p class="soft">Nobody did anything by way of this page yet.</p>`)}<//></section>`;
}

export function Overview({ at }) {
  const now = useStore(overview);
  const first = useAsked("/overview", {}, { isLive: false });
  const queues = useAsked("/queues", { limit: 200 });
  const reasons = useAsked("/ready/reasons", {}, { everyMs: 5_000 });
  const hour = useAsked("/series", { since_s: HOUR_S }, { isLive: false });
  const before = useAsked("/series", { since_s: DAY_S + HOUR_S, before_s: HOUR_S }, { isLive: false, everyMs: 60_000 });
  const done = useAsked("/audit", { limit: 20 }, { isLive: false });
  const [span, setSpan] = useState(HOUR_S);
  const longer = useAsked(span === HOUR_S ? null : "/series", { since_s: span }, { isLive: false });
  const sums = now ?? first.data;
  const listed = queues.data?.queues ?? [];
  const wantsQueues = at.query.get("at") === "queues";
  useEffect(() => {
    if (wantsQueues && listed.length) document.querySelector("[aria-label=Queues]")?.scrollIntoView();
  }, [wantsQueues, listed.length > 0]);
  return html`<${Head} title="Overview"><${Choices} label="Time" values=${SPANS} chosen=${span} choose=${setSpan} /><//>
    ${queues.data && reasons.data && html`<${Findings} queues=${listed} reasons=${reasons.data.reasons} hour=${hour.data} before=${before.data} />`}
    <${Answered} asked=${{ ...first, data: sums }}>${() => html`<${Tiles} now=${sums} stats=${hour.data} />`}<//>
    <div class="columns"><${Activity} asked=${span === HOUR_S ? hour : longer} />${sums && html`<${Priorities} now=${sums} />`}</div>
    <${ReadyReasons} asked=${reasons} />
    <${Answered} asked=${queues}>${(found) => (found.queues.length
      ? html`<${Queues} queues=${found.queues} stats=${hour.data} more=${found.next} />`
      : html`<section class="panel"><${Empty} title="There is no queue yet" command="redisched enqueue NAME 1 2">A queue is there once a task was enqueued, or a worker serves it.<//></section>`)}<//>
    <${Done} asked=${done} />`;
}
