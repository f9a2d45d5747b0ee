// Workers: what each runs since when, what it has in its window, and what it serves.
import { actOnOne } from "../acts.js";
import { filterOf } from "../filters.js";
import { html } from "../html.js";
import { useAsked } from "../loading.js";
import { bytes, counted, whole } from "../numbers.js";
import { Head } from "../parts/head.js";
import { Answered, Empty } from "../parts/notes.js";
import { useRows } from "../parts/rows.js";
import { WindowLegend, WorkerWindow } from "../parts/window.js";
import { taskHref, tasksHref } from "../router.js";
import { useStore } from "../store.js";
import { mayAct, visitor } from "../visitor.js";
import { Moment, Since } from "../times.js";
import { visible } from "../visible.js";

const MOST_RUNNING = 4;

function Running({ tasks, busy }) {
  if (!tasks.length) return html`<span class="faint">${busy ? counted(busy, "task") : "nothing"}</span>`;
  return html`<ul class="runs">${tasks.slice(0, MOST_RUNNING).map((task) => html`<li key=${`${task.queue}/${task.id}`}>
    <a href=${taskHref(task)} title=${visible(task.id)} class="break">${visible(task.name)}</a> <span class="soft">for <${Since} at=${task.at_ms} /></span></li>`)}
    ${busy > MOST_RUNNING && html`<li class="soft">and ${whole(busy - Math.min(tasks.length, MOST_RUNNING))} more</li>`}</ul>`;
}

function Names({ names, more }) {
  const shown = names.slice(0, 3).map(visible).join(", ");
  const others = names.length - 3 + more;
  return html`<span class="break" title=${names.map(visible).join(", ")}>${shown || html`<span class="faint">none told</span>`}${others > 0 && names.length > 3 && html` <span class="soft">+${others}</span>`}</span>`;
}

function Acts({ worker }) {
  const order = (action) => actOnOne({ action, ids: [worker.name] });
  return html`${worker.state === "quiet" ? html`<button onClick=${() => order("worker_resume")}>Resume</button>` : html`<button disabled=${worker.state !== "working"} onClick=${() => order("worker_quiet")}>Quiet</button>`}
    <button onClick=${() => order("worker_recycle")}>Recycle</button>
    <button class="danger" onClick=${() => order("worker_stop")}>Stop</button>`;
}

export function WorkerRow({ worker, row, canAct }) {
  return html`<tr ...${row}>
    <th scope="row" class="wide"><a class="id break" href=${tasksHref(filterOf({ state: "any", worker: worker.name }))}>${visible(worker.name)}</a>
      <div class="under">${visible(worker.host)} · pid ${worker.pid}${worker.app_version && html` · ${visible(worker.app_version)}`}</div></th>
    <td><span class=${worker.state === "working" ? "" : "of-warning"}>${visible(worker.state)}</span></td>
    <td class="whole"><${WorkerWindow} worker=${worker} /><div class="under">${worker.busy} of ${worker.slots} slots</div></td>
    <td class="wide" data-label="runs"><${Running} tasks=${worker.running} busy=${worker.busy} /></td>
    <td class="wide" data-label="queues"><${Names} names=${worker.queues} more=${worker.more_queues} /></td>
    <td class="number hide-medium"><${Moment} at=${worker.seen_ms} /></td>
    <td class="number hide-medium">${worker.rss_bytes === null ? html`<span class="faint">–</span>` : bytes(worker.rss_bytes)}<div class="under">up <${Since} at=${worker.started_ms} /></div></td>
    ${canAct && html`<td class="acts"><${Acts} worker=${worker} /></td>`}
  </tr>`;
}

function Listing({ workers, isMore }) {
  const canAct = mayAct(useStore(visitor));
  const rows = useRows(workers.length, () => {});
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Workers"><table class="cards"><thead><tr><th>worker</th><th>state</th><th>slots and window</th><th>runs</th>
      <th>queues</th><th class="number hide-medium">seen</th><th class="number hide-medium">memory</th>${canAct && html`<th><span class="unseen">actions</span></th>`}</tr></thead>
    <tbody>${workers.map((worker, index) => html`<${WorkerRow} key=${worker.name} worker=${worker} row=${rows.of(index)} canAct=${canAct} />`)}</tbody></table></div>
    ${isMore && html`<p class="soft">About the first 200 of them.</p>`}`;
}

export function Workers() {
  const asked = useAsked("/workers", { limit: 200 }, { everyMs: 5_000 });
  return html`<${Head} title="Workers" />
    <section class="panel"><h2>Processes <${WindowLegend} /></h2><${Answered} asked=${asked}>${(found) => (found.workers.length
      ? html`<${Listing} workers=${[...found.workers].sort((one, other) => (one.name < other.name ? -1 : 1))} isMore=${found.next} />`
      : html`<${Empty} title="No worker is there" command="redisched worker MODULE:APP">Tasks wait until one starts.<//>`)}<//></section>`;
}
