// Schedules: when each fires, in words, and how its latest task is.
import { actOnOne } from "../acts.js";
import { html } from "../html.js";
import { useAsked } from "../loading.js";
import { Head } from "../parts/head.js";
import { Answered, Empty } from "../parts/notes.js";
import { useRows } from "../parts/rows.js";
import { go, href, taskHref } from "../router.js";
import { useStore } from "../store.js";
import { mayAct, visitor } from "../visitor.js";
import { State } from "../states.js";
import { exact, Moment } from "../times.js";
import { visible } from "../visible.js";

const NEXT = 5;

// 2026-11-30T03:00:00+01:00 as 2026-11-30 03:00 +01:00.
function local(text) {
  return visible(text).replace("T", " ").replace(/(:\d\d):00(?=[+-])/, "$1").replace(/(?=[+-]\d\d:\d\d$)/, " ");
}

function Slots({ schedule }) {
  const slots = schedule.slots.slice(0, NEXT);
  if (schedule.next_ms === null && !slots.length) return html`<span class="faint">none</span>`;
  const isPaused = schedule.state === "paused";
  return html`${isPaused ? html`<span class="soft">if resumed</span>` : html`<${Moment} at=${schedule.next_ms ?? slots[0].slot_ms} />`}
    <ol class="under">${slots.map((slot) => html`<li key=${slot.slot_ms} title=${exact(slot.slot_ms)}>${local(slot.local)}</li>`)}</ol>`;
}

function Acts({ schedule }) {
  const act = (action) => actOnOne({ action, ids: [schedule.name], queue: schedule.queue });
  return html`<button onClick=${() => act("schedule_run")}>Run now</button>
    ${schedule.state === "paused" ? html`<button onClick=${() => act("schedule_resume")}>Resume</button>` : html`<button disabled=${schedule.state !== "active"} onClick=${() => act("schedule_pause")}>Pause</button>`}`;
}

export function ScheduleRow({ schedule, row, canAct }) {
  if (schedule.undecodable !== undefined) {
    return html`<tr ...${row}><th scope="row" class="wide break">${visible(schedule.name)}</th><td class="wide of-dead" colspan="5">cannot be read: ${visible(schedule.undecodable)}</td>${canAct && html`<td></td>`}</tr>`;
  }
  return html`<tr ...${row}>
    <th scope="row" class="wide break">${visible(schedule.name)}<div class="under">${visible(schedule.queue)}${schedule.application && html` · ${visible(schedule.application)}`}</div></th>
    <td class="wide">${visible(schedule.words)}<div class="under">${schedule.cron && html`<code>${visible(schedule.cron)}</code> `}${schedule.tz && visible(schedule.tz)}</div></td>
    <td data-label="state"><span class=${schedule.state === "paused" ? "of-warning" : ""}>${visible(schedule.state)}</span></td>
    <td data-label="next"><${Slots} schedule=${schedule} /></td>
    <td data-label="latest task">${schedule.last_id ? html`<a href=${taskHref({ id: schedule.last_id, queue: schedule.queue })}><${State} state=${schedule.last_state ?? "unknown"} /></a>` : html`<span class="faint">never ran</span>`}</td>
    <td class="wide break" data-label="runs">${visible(schedule.handler)}</td>
    ${canAct && html`<td class="acts"><${Acts} schedule=${schedule} /></td>`}
  </tr>`;
}

function Listing({ found, at }) {
  const schedules = found.schedules;
  const canAct = mayAct(useStore(visitor));
  const rows = useRows(schedules.length, (index) => schedules[index].last_id && go(taskHref({ id: schedules[index].last_id, queue: schedules[index].queue })));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Schedules"><table class="cards"><thead><tr><th>schedule</th><th>when</th><th>state</th><th>next</th><th>latest task</th><th>handler</th>${canAct && html`<th><span class="unseen">actions</span></th>`}</tr></thead>
    <tbody>${schedules.map((schedule, index) => html`<${ScheduleRow} key=${`${schedule.queue}/${schedule.name}`} schedule=${schedule} row=${rows.of(index)} canAct=${canAct} />`)}</tbody></table></div>
    <div class="pages">${at.query.get("after") && html`<a class="link" href=${href("schedules")}>First page</a>`}
      ${found.next && html`<a class="link" href=${href("schedules", [], { after: found.next })}>Next page →</a>`}</div>`;
}

export function Schedules({ at }) {
  const asked = useAsked("/schedules", { after: at.query.get("after"), limit: 50 });
  return html`<${Head} title="Schedules" />
    <section class="panel"><h2>Schedules <small>any worker fires them; there is no leader</small></h2><${Answered} asked=${asked}>${(found) => (found.schedules.length
      ? html`<${Listing} found=${found} at=${at} />`
      : html`<${Empty} title="There is no schedule yet" command="redisched schedule add NAME --cron '0 3 * * *' HANDLER">Code declares them, too: <code>@app.cron("0 3 * * *")</code><//>`)}<//></section>`;
}
