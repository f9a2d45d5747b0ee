// The table of queues: how much there is of what, how old the oldest ready task is, and how fast tasks end.
import { actOnOne, offerForQueue } from "../acts.js";
import { filterOf } from "../filters.js";
import { html, useRef } from "../html.js";
import { useKeys } from "../keyboard.js";
import { NumberLink, rate, whole } from "../numbers.js";
import { go, href, tasksHref } from "../router.js";
import { useStore } from "../store.js";
import { coarse, Since } from "../times.js";
import { mayAct, visitor } from "../visitor.js";
import { visible } from "../visible.js";
import { useRows } from "./rows.js";

const LATE_MS = 60_000;
const ENDED = "succeeded,dead,cancelled,expired,lost";

// It grows on, so that numbers that were asked for at different times agree.
export function Age({ of }) {
  return html`<${Since} at=${of.now_ms - of.oldest_ready_ms} />`;
}

// Those that wait for their time and were not tried yet, if that is known, and the states that the number counts.
export function scheduledOf(one) {
  if (!one.retrying_is_exact) return [one.scheduled, "scheduled,retrying"];
  return [Math.max(0, one.scheduled - one.retrying), "scheduled"];
}

// Those that workers have and that do not run yet, if that is known, and the states that the number counts.
export function leasedOf(one) {
  if (!one.running_is_exact) return [one.leased, "leased,running"];
  return [Math.max(0, one.leased - one.running), "leased"];
}

function Acts({ queue }) {
  const [action, name] = queue.paused ? ["queue_resume", "Resume"] : ["queue_pause", "Pause"];
  return html`<button class="hide-medium" onClick=${() => actOnOne({ action, queue: queue.queue })}>${name}</button>
    <button title="More" aria-label=${`More for queue ${visible(queue.queue)}`} onClick=${() => offerForQueue(queue)}>⋯</button>`;
}

function QueueRow({ queue, done, seconds, row, canAct }) {
  const name = queue.queue;
  const to = (states) => tasksHref(filterOf({ state: states, queue: name }));
  const [scheduled, scheduledStates] = scheduledOf(queue);
  const [leased, leasedStates] = leasedOf(queue);
  const none = html`<span class="faint">–</span>`;
  return html`<tr ...${row}>
    <th scope="row" class="break"><a href=${tasksHref(filterOf({ queue: name }))}>${visible(name)}</a>${queue.paused && html`<div class="under of-warning" title=${`by ${visible(queue.paused.by)}`}>paused</div>`}</th>
    <td class="number"><${NumberLink} value=${queue.ready} href=${to("ready")} /></td>
    <td class="number hide-small"><${NumberLink} value=${scheduled} href=${to(scheduledStates)} /></td>
    <td class="number hide-small"><${NumberLink} value=${queue.retrying} isExact=${queue.retrying_is_exact} href=${to("retrying")} /></td>
    <td class="number hide-medium"><${NumberLink} value=${leased} href=${to(leasedStates)} /></td>
    <td class="number"><${NumberLink} value=${queue.running} isExact=${queue.running_is_exact} href=${to("running")} /></td>
    <td class="number"><${NumberLink} value=${queue.dead} href=${href("dead", [], { filter: filterOf({ queue: name }) })} bad /></td>
    <td class="number">${queue.oldest_ready_ms === null ? none : html`<a class=${queue.oldest_ready_ms >= LATE_MS ? "bad" : ""} href=${to("ready")}><${Age} of=${queue} /></a>`}</td>
    <td class="number hide-medium">${done ? html`<a href=${to(ENDED)}>${rate(done.ended / seconds)}</a>` : html`<span class="faint">0</span>`}</td>
    <td class="number hide-medium">${done && done.wait_p95_ms !== null ? coarse(done.wait_p95_ms) : none}</td>
    <td class="number hide-medium">${done && done.run_p95_ms !== null ? coarse(done.run_p95_ms) : none}</td>
    ${canAct && html`<td class="acts"><${Acts} queue=${queue} /></td>`}
  </tr>`;
}

export function Queues({ queues, stats, more }) {
  const place = useRef(null);
  const canAct = mayAct(useStore(visitor));
  const seconds = stats ? Math.max(1, (stats.now_ms - stats.from_ms) / 1_000) : 1;
  const done = new Map((stats?.queues ?? []).map((one) => [one.queue, one]));
  const rows = useRows(queues.length, (at) => go(tasksHref(filterOf({ queue: queues[at].queue }))));
  useKeys({ "g q": () => { place.current.scrollIntoView({ block: "start" }); rows.move(0); } });
  return html`<section class="panel" ref=${place}><h2>Queues <small>every number leads to its tasks</small></h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Queues"><table><thead><tr><th>queue</th><th class="number">ready</th><th class="number hide-small">scheduled</th>
      <th class="number hide-small">retrying</th><th class="number hide-medium" title="in the window of a worker, and not begun">leased</th><th class="number">running</th>
      <th class="number">dead</th><th class="number">oldest</th><th class="number hide-medium" title="tasks that ended in this time">rate</th><th class="number hide-medium">p95 wait</th><th class="number hide-medium">p95 run</th>${canAct && html`<th><span class="unseen">actions</span></th>`}</tr></thead>
    <tbody>${queues.map((queue, at) => html`<${QueueRow} key=${queue.queue} queue=${queue} done=${done.get(queue.queue)} seconds=${seconds} row=${rows.of(at)} canAct=${canAct} />`)}</tbody></table></div>
    ${more && html`<p class="soft">The first ${whole(queues.length)} queues by name.</p>`}</section>`;
}
