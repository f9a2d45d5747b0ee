// Dead tasks, grouped by handler and error, so that one cause is one line.
import { filterOf } from "../filters.js";
import { propose } from "../acts.js";
import { html } from "../html.js";
import { useKeys } from "../keyboard.js";
import { whole } from "../numbers.js";
import { Head } from "../parts/head.js";
import { Answered, Empty } from "../parts/notes.js";
import { useRows } from "../parts/rows.js";
import { Searched } from "../parts/searched.js";
import { go, href, taskHref, tasksHref } from "../router.js";
import { useSearched } from "../searching.js";
import { Moment } from "../times.js";
import { useStore } from "../store.js";
import { mayAct, visitor } from "../visitor.js";
import { shortened, visible } from "../visible.js";

export const groupFilter = (group, filter) => [filterOf({ state: "dead", group: group.group }), filter].filter(Boolean).join(" ");

export function GroupRow({ group, filter, row, canAct }) {
  const to = tasksHref(groupFilter(group, filter));
  return html`<tr ...${row}>
    <th scope="row" class="number"><a href=${to}>${whole(group.count)}</a></th>
    <td class="wide"><a href=${to}><b class="break">${visible(group.name || "?")}</b></a>
      <div class="under break">${shortened(group.error, 300)}</div></td>
    <td class="wide hide-small">${group.reasons.map(visible).join(", ")}</td>
    <td class="wide hide-small">${group.queues.map((queue) => html`<div key=${queue}>${visible(queue)}</div>`)}</td>
    <td class="number"><a href=${taskHref({ id: group.newest_id, queue: group.queues.length === 1 ? group.queues[0] : null })}><${Moment} at=${group.newest_ms} /></a></td>
    <td class="number hide-small"><${Moment} at=${group.oldest_ms} /></td>
    ${canAct && html`<td class="acts"><button onClick=${() => propose({ action: "retry", filter: groupFilter(group, filter) })}>Retry</button><button class="danger" onClick=${() => propose({ action: "discard", filter: groupFilter(group, filter) })}>Discard</button></td>`}
  </tr>`;
}

function Listing({ found, filter }) {
  const canAct = mayAct(useStore(visitor));
  const rows = useRows(found.groups.length, (index) => go(tasksHref(groupFilter(found.groups[index], filter))));
  const current = found.groups[rows.current];
  useKeys({ r: () => canAct && current && propose({ action: "retry", filter: groupFilter(current, filter) }) });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Groups of dead tasks"><table class="groups"><thead><tr><th class="number">tasks</th><th>handler and error</th><th class="hide-small">reason</th><th class="hide-small">queue</th>
      <th class="number">newest</th><th class="number hide-small">oldest</th>${canAct && html`<th><span class="unseen">actions</span></th>`}</tr></thead>
    <tbody>${found.groups.map((group, index) => html`<${GroupRow} key=${group.group} group=${group} filter=${filter} row=${rows.of(index)} canAct=${canAct} />`)}</tbody></table></div>`;
}

const more = (found) => (found.next ? { after: found.next } : null);

// The groups of tasks that died earlier put to those of tasks that died later.
export function merge(later, earlier) {
  const groups = new Map(later.groups.map((group) => [group.group, group]));
  for (const group of earlier.groups) {
    const known = groups.get(group.group);
    groups.set(group.group, !known ? group : {
      ...known,
      count: known.count + group.count,
      reasons: [...new Set([...known.reasons, ...group.reasons])],
      queues: [...new Set([...known.queues, ...group.queues])].sort(),
      oldest_ms: Math.min(known.oldest_ms, group.oldest_ms),
    });
  }
  const sorted = [...groups.values()].sort((one, other) => other.count - one.count || other.newest_ms - one.newest_ms);
  const lookedAt = later.looked_at + earlier.looked_at;
  return { ...earlier, groups: sorted, looked_at: lookedAt, of_about: earlier.of_about ?? later.of_about };
}

export function Dead({ at }) {
  const filter = at.query.get("filter") ?? "";
  const asked = useSearched("/dead/groups", { filter }, { more, merge });
  return html`<${Head} title="Dead" />
    <section class="panel"><h2>Dead tasks by handler and error <small>${filter ? html`${visible(filter)} · <a class="link" href=${href("dead")}>all</a>` : "numbers and ids in errors make no difference"}</small></h2>
    <${Answered} asked=${asked}>${(found) => html`${found.groups.length
      ? html`<${Listing} found=${found} filter=${filter} />`
      : !found.next && html`<${Empty} title=${filter ? "No dead task matches" : "No task is dead"} command=${filter ? "redisched dead ls" : "redisched dead ls --watch"}>Tasks that are out of attempts are kept here for 30 days.<//>`}
      <${Searched} asked=${asked} found=${found} />`}<//></section>`;
}
