// Who did what: a row for each action, made of its entries in the audit.
import { nameOf, nounOf } from "../acts.js";
import { html } from "../html.js";
import { whole } from "../numbers.js";
import { Moment } from "../times.js";
import { visible } from "../visible.js";

const MOST_IDS = 3;

// One for each action, the newest first: when it was committed, and how it has ended if that is known.
export function actionsOf(entries) {
  const byId = new Map();
  for (const entry of entries) {
    const later = byId.get(entry.action_id);
    if (!later) byId.set(entry.action_id, { ...entry });
    else if (entry.event === "committed") later.at_ms = entry.at_ms;
  }
  return [...byId.values()];
}

function targetOf({ target }) {
  if (typeof target.filter === "string") return html`<code class="break">${visible(target.filter)}</code>`;
  const ids = Array.isArray(target.ids) && target.ids.length ? target.ids : [target.queue ?? target.text ?? ""];
  const more = ids.length - MOST_IDS + (Number.isFinite(target.more_ids) ? target.more_ids : 0);
  return html`<span class="break">${ids.slice(0, MOST_IDS).map(visible).join(", ")}${more > 0 && ` and ${whole(more)} more`}</span>`;
}

function endOf(entry) {
  if (entry.event === "committed") return "committed";
  const outcomes = Object.entries(entry.outcomes).map(([name, number]) => `${visible(number)} ${visible(name)}`).join(", ");
  return [visible(entry.event), outcomes, entry.error && visible(entry.error)].filter(Boolean).join(": ");
}

export function AuditTable({ actions }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Who did what"><table><thead><tr><th>when</th><th>who</th><th>what</th><th class="hide-small">became</th></tr></thead>
    <tbody>${actions.map((one) => html`<tr key=${`${one.action_id} ${one.at_ms} ${one.event}`}><td><${Moment} at=${one.at_ms} /></td>
      <th scope="row" class="break">${visible(one.who)}<div class="under">${visible(one.address)}</div></th>
      <td class="wide break">${visible(nameOf(one.action))}: ${nounOf(one.action, one.count)}<div class="under">${targetOf(one)}</div><div class="under only-small">${endOf(one)}</div></td>
      <td class="wide break hide-small">${endOf(one)}</td></tr>`)}</tbody></table></div>`;
}
