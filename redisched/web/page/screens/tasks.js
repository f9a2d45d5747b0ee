// Tasks that match a filter. The filter and the page are in the address, so that a link shows the same.
import { WAITING, ENDED, Shape, State } from "../states.js";
import { statesIn, withStates } from "../filters.js";
import { html, useEffect, useState } from "../html.js";
import { useKeys } from "../keyboard.js";
import { FilterField } from "../parts/filter_field.js";
import { Head } from "../parts/head.js";
import { Answered, Empty } from "../parts/notes.js";
import { useRows } from "../parts/rows.js";
import { Searched } from "../parts/searched.js";
import { TaskActs } from "../parts/task_acts.js";
import { mayAct, visitor } from "../visitor.js";
import { useStore } from "../store.js";
import { lookUp } from "../looking_up.js";
import { go, taskHref, tasksHref } from "../router.js";
import { useSearched } from "../searching.js";
import { Moment } from "../times.js";
import { pythonText } from "../python_text.js";
import { shortened, visible } from "../visible.js";

const LIMIT = 50;
const QUICK = [["", "waiting"], ["ready", "ready"], ["scheduled,retrying", "scheduled"], ["leased,running", "leased"], ["dead", "dead"], ["succeeded", "succeeded"], ["any", "all"]];

function StateChoices({ filter }) {
  const chosen = (statesIn(filter) ?? []).join(",");
  return html`<nav class="quick" aria-label="States">${QUICK.map(([states, name]) => html`
    <a key=${name} href=${tasksHref(withStates(filter, states))} aria-current=${states === chosen ? "true" : null}>
      ${name !== "waiting" && name !== "all" && html`<${Shape} state=${states.split(",")[0]} />`}${name}</a>`)}</nav>`;
}

// What a task is about, in a line: its error, or its arguments.
export function about(task) {
  if (task.undecodable) return `cannot be read: ${task.undecodable}`;
  if (task.failure && (task.state === "dead" || task.state === "retrying")) return task.failure.error;
  if (task.args === null) return "";
  const named = Object.entries(task.kwargs ?? {}).map(([key, value]) => `${key}=${pythonText(value)}`);
  return [...task.args.map((value) => pythonText(value)), ...named].join(", ");
}

// The moment that matters in its state, and what it is.
export function momentOf(task) {
  if (WAITING.includes(task.state)) return ["due", task.run_at_ms];
  if (ENDED.includes(task.state)) return ["ended", task.ended_ms];
  if (task.started_ms) return ["started", task.started_ms];
  return task.claimed_ms ? ["claimed", task.claimed_ms] : ["lease until", task.lease_until_ms];
}

function Row({ task, row, selected, toggle }) {
  const [what, at] = momentOf(task);
  return html`<tr ...${row}>
    ${toggle && html`<td><input type="checkbox" aria-label=${`Select task ${visible(task.id)}`} checked=${selected} onChange=${toggle} /></td>`}
    <td><${State} state=${task.state} /></td>
    <td class="wide name"><a href=${taskHref(task)}><b class="break">${visible(task.name || "?")}</b> <span class="id faint break">${visible(task.id)}</span></a>
      <div class="under about">${shortened(about(task), 160)}</div></td>
    <td class="hide-small">${visible(task.queue)}</td>
    <td class="number hide-medium">${task.priority ?? "–"}</td>
    <td class="number hide-medium">${task.attempts}${task.max_attempts ? html`<span class="faint"> of ${task.max_attempts}</span>` : ""}</td>
    <td class="number"><span class="faint hide-medium">${what} </span><${Moment} at=${at} /></td>
  </tr>`;
}

const keyOf = (task) => `${task.queue}/${task.id}`;

function Listing({ found, filter, at }) {
  const tasks = found.tasks;
  const canAct = mayAct(useStore(visitor));
  const [selected, select] = useState(new Set());
  const rows = useRows(tasks.length, (index) => go(taskHref(tasks[index])));
  useEffect(() => select(new Set()), [filter, at.query.get("after")]);
  const toggle = (task) => {
    const next = new Set(selected);
    if (!next.delete(keyOf(task))) next.add(keyOf(task));
    select(next);
  };
  useKeys({ x: () => canAct && tasks[rows.current] && toggle(tasks[rows.current]) });
  const chosen = tasks.filter((task) => selected.has(keyOf(task)));
  const isAll = chosen.length === tasks.length;
  if (!tasks.length && !found.next) {
    return html`<${Empty} title=${filter ? "No task matches" : "No task waits"} command=${filter ? "redisched task ls state:any" : "redisched enqueue NAME 1 2"}>
      ${filter ? html`Filters look like <code>state:dead name:send_* error:Timeout age:>1h</code>. <a class="link" href=${tasksHref("state:any")}>All tasks</a>`
        : html`Those that have ended: <a class="link" href=${tasksHref("state:any")}>all tasks</a>`}<//>`;
  }
  return html`${canAct && html`<${TaskActs} filter=${filter} chosen=${chosen} current=${tasks[rows.current]} clear=${() => select(new Set())} />`}
    <div class="scroll" tabindex="0" role="region" aria-label="Tasks"><table class="tasks"><thead><tr>
      ${canAct && html`<th><input type="checkbox" aria-label="Select all on this page" checked=${isAll && tasks.length > 0} onChange=${() => select(new Set(isAll ? [] : tasks.map(keyOf)))} /></th>`}<th>state</th><th>task</th>
      <th class="hide-small">queue</th><th class="number hide-medium">priority</th><th class="number hide-medium">attempts</th><th class="number">when</th></tr></thead>
    <tbody>${tasks.map((task, index) => html`<${Row} key=${keyOf(task)} task=${task} row=${rows.of(index)}
      selected=${selected.has(keyOf(task))} toggle=${canAct ? () => toggle(task) : null} />`)}</tbody></table></div>
    <div class="pages">${at.query.get("after") && html`<a class="link" href=${tasksHref(filter)}>First page</a>`}
      ${found.next && tasks.length >= LIMIT && html`<a class="link" rel="next" href=${tasksHref(filter, found.next)}>Next page →</a>`}</div>`;
}

// A page is as full as it can be: the next answer is asked for as many tasks as are missing.
const more = (found) => (found.next && found.tasks.length < LIMIT ? { after: found.next, limit: LIMIT - found.tasks.length } : null);

const merge = (before, found) => ({
  ...found,
  tasks: [...before.tasks, ...found.tasks],
  looked_at: before.looked_at + found.looked_at,
  of_about: found.of_about ?? before.of_about,
});

export function Tasks({ at }) {
  const filter = at.query.get("filter") ?? "";
  const after = at.query.get("after") ?? "";
  const asked = useSearched("/tasks", { filter, after, limit: LIMIT }, { more, merge });
  useKeys({ "/": () => document.getElementById("filter")?.focus() });
  return html`<${Head} title="Tasks" isSearched=${false} />
    <${FilterField} filter=${filter} apply=${lookUp} />
    <${StateChoices} filter=${filter} />
    <section class="panel"><${Answered} asked=${asked}>${(found) => html`
      <${Listing} found=${found} filter=${filter} at=${at} /><${Searched} asked=${asked} found=${found} />`}<//></section>`;
}
