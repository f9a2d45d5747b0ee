// The dialog that says how many an action will touch, and the notes at the foot of the page with ten seconds to undo.
import { commit, committed, dismiss, hasEnded, isFinal, nameOf, nounOf, proposed, undo, undoLatest, wantedFor } from "../acts.js";
import { html, useEffect, useState } from "../html.js";
import { useKeys } from "../keyboard.js";
import { whole } from "../numbers.js";
import { useStore } from "../store.js";
import { duration, exact } from "../times.js";
import { visible } from "../visible.js";
import { Dialog } from "./dialog.js";
import { PriorityField, TimeField } from "./fields.js";
import { QueueOffers } from "./queue_offers.js";

const SHOWN_MS = 8_000;
const MOST_IDS = 5;
const FIELDS = { priority: PriorityField, time: TimeField };

function Target({ request }) {
  if (request.filter) return html`<code class="break">${visible(request.filter)}</code>`;
  const ids = request.ids ?? [request.queue];
  return html`<span class="break">${ids.slice(0, MOST_IDS).map(visible).join(", ")}${ids.length > MOST_IDS && ` and ${whole(ids.length - MOST_IDS)} more`}</span>`;
}

// What the action was given, in words.
function givenOf({ action, arguments: given }) {
  if (given?.priority !== undefined) return `New priority: ${given.priority}.`;
  if (given?.delay_s !== undefined) return `New time: ${duration(1_000 * given.delay_s)} after it begins.`;
  if (given?.run_at_ms !== undefined) return `New time: ${exact(given.run_at_ms)}.`;
  return action === "queue_pause" && given?.duration_s ? `It is paused for ${duration(1_000 * given.duration_s)}.` : "";
}

function Question({ asked }) {
  const { request, record, error } = asked;
  const close = () => proposed.set(null);
  const count = record && `${record.count_is_exact ? "" : "at least "}${nounOf(request.action, record.count)}`;
  const isNone = record && record.count_is_exact && record.count === 0;
  const given = givenOf(request);
  return html`
    ${error ? html`<p class="of-dead break" role="alert">${visible(error.message)}</p>`
      : !record ? html`<p class="soft" role="status">Counting…</p>`
        : html`<p role=${record.count_is_exact ? "status" : null}>${isNone ? "There is nothing to do for any of these." : html`It will touch <b>${count}</b>${record.count_is_exact ? "." : ", counting on…"}`}${given && ` ${given}`}
          ${!isNone && html`<br /><span class="soft">It begins after ten seconds, with what matches then; until then it can be undone.</span>`}</p>`}
    <p class="soft"><${Target} request=${request} /></p>
    <div class="buttons"><button onClick=${close} data-first=${!record || isNone ? "" : null}>Close</button>
      ${record && !isNone && html`<button class=${isFinal(request.action) ? "danger" : "main"} data-first onClick=${() => commit(record)}>${nameOf(request.action)}: ${count}</button>`}</div>`;
}

export function ActionDialog() {
  const asked = useStore(proposed);
  if (!asked) return null;
  const close = () => proposed.set(null);
  if (asked.queue) return html`<${Dialog} key="queue" title=${`Queue ${visible(asked.queue)}`} close=${close}><${QueueOffers} queue=${asked.queue} isPaused=${asked.isPaused} close=${close} /><//>`;
  const wanted = wantedFor(asked.request);
  // Its key changes with what it shows, so that the focus is on the button that comes next.
  const step = wanted || (asked.record ? "counted" : asked.error ? "error" : "counting");
  const Field = FIELDS[wanted];
  return html`<${Dialog} key=${step} title=${nameOf(asked.request.action)} close=${close}>
    ${Field ? html`<${Field} request=${asked.request} />` : html`<${Question} asked=${asked} />`}<//>`;
}

function outcomeOf(record) {
  const outcomes = Object.entries(record.outcomes).map(([name, number]) => `${whole(number)} ${name}`).join(", ");
  if (record.stage === "undone") return "undone, nothing was changed";
  if (record.stage === "failed") return `failed: ${record.error}${outcomes ? ` (${outcomes})` : ""}`;
  if (record.stage === "interrupted") return `interrupted, as the server stopped${outcomes ? ` (${outcomes})` : ""}`;
  if (record.stage === "running") return outcomes ? `under way: ${outcomes}` : "under way";
  return outcomes || "done: there was nothing to do any more";
}

function Toast({ one }) {
  const { record, at } = one;
  const [, setTurn] = useState(0);
  const isWaiting = record.stage === "waiting";
  useEffect(() => {
    if (isWaiting) {
      const turning = setInterval(() => setTurn((before) => before + 1), 250);
      return () => clearInterval(turning);
    }
    if (!hasEnded(record) || record.stage === "failed") return undefined;
    const end = setTimeout(() => dismiss(record.token), SHOWN_MS);
    return () => clearTimeout(end);
  }, [record.stage]);
  const left = Math.max(0, Math.ceil(record.undo_left_s - (performance.now() - at) / 1_000));
  const what = `${nameOf(record.action)}: ${record.count_is_exact ? "" : "at least "}${nounOf(record.action, record.count)}`;
  return html`<div class="toast"><p><b>${what}</b>${isWaiting ? html`, in <span class="left">${left} s</span>` : ` · ${visible(outcomeOf(record))}`}</p>
    ${isWaiting ? html`<button onClick=${() => undo(record.token)}>Undo <kbd>u</kbd></button>` : html`<button onClick=${() => dismiss(record.token)}>Close</button>`}</div>`;
}

export function Toasts() {
  const all = useStore(committed);
  useKeys({ u: undoLatest });
  return html`<div class="toasts" role="status">${all.map((one) => html`<${Toast} key=${one.record.token} one=${one} />`)}</div>`;
}
