// The dialog that says how many an action will touch, and the notes at the foot of the page with ten seconds to undo.
import { commit, committed, dismiss, hasEnded, nameOf, nounOf, propose, proposed, undo, undoLatest, VERBS } from "../acts.js";
import { html, useEffect, useState } from "../html.js";
import { useKeys } from "../keyboard.js";
import { whole } from "../numbers.js";
import { useStore } from "../store.js";
import { visible } from "../visible.js";
import { Dialog } from "./dialog.js";

const SHOWN_MS = 8_000;
const MOST_IDS = 5;
const PRIORITIES = [[0, "critical"], [3, "high"], [5, "normal"], [7, "low"], [9, "bulk"]];

function Target({ request }) {
  if (request.filter) return html`<code class="break">${visible(request.filter)}</code>`;
  const ids = request.ids ?? [request.queue];
  return html`<span class="break">${ids.slice(0, MOST_IDS).map(visible).join(", ")}${ids.length > MOST_IDS && ` and ${whole(ids.length - MOST_IDS)} more`}</span>`;
}

function PriorityField({ request }) {
  const [priority, setPriority] = useState("3");
  const isRight = /^\d{1,3}$/.test(priority) && Number(priority) <= 255;
  const ask = (event) => {
    event.preventDefault();
    propose({ ...request, arguments: { priority: Number(priority) } });
  };
  return html`<form onSubmit=${ask}><label>Priority, from 0 (first) to 255
    <input type="number" min="0" max="255" data-first value=${priority} onInput=${(event) => setPriority(event.target.value)} /></label>
    <p class="soft">${PRIORITIES.map(([value, name]) => `${value} ${name}`).join(" · ")}</p>
    <div class="buttons"><button type="button" onClick=${() => proposed.set(null)}>Cancel</button><button class="main" disabled=${!isRight}>Count</button></div></form>`;
}

function Question({ asked }) {
  const { request, record, error } = asked;
  const close = () => proposed.set(null);
  const count = record && `${record.count_is_exact ? "" : "at least "}${nounOf(request.action, record.count)}`;
  const isNone = record && record.count_is_exact && record.count === 0;
  const isFinal = VERBS[request.action]?.isFinal || request.action === "worker_stop";
  return html`
    ${error ? html`<p class="of-dead break" role="alert">${visible(error.message)}</p>`
      : !record ? html`<p class="soft" role="status">Counting…</p>`
        : html`<p role=${record.count_is_exact ? "status" : null}>${isNone ? "There is nothing to do for any of these." : html`It will touch <b>${count}</b>${record.count_is_exact ? "." : ", counting on…"}`}${request.arguments?.priority !== undefined && ` New priority: ${request.arguments.priority}.`}
          ${!isNone && html`<br /><span class="soft">It begins after ten seconds, with what matches then; until then it can be undone.</span>`}</p>`}
    <p class="soft"><${Target} request=${request} /></p>
    <div class="buttons"><button onClick=${close} data-first=${!record || isNone ? "" : null}>Close</button>
      ${record && !isNone && html`<button class=${isFinal ? "danger" : "main"} data-first onClick=${() => commit(record)}>${nameOf(request.action)}: ${count}</button>`}</div>`;
}

export function ActionDialog() {
  const asked = useStore(proposed);
  if (!asked) return null;
  const needsPriority = VERBS[asked.request.action]?.needsPriority && !asked.request.arguments;
  // Its key changes with what it shows, so that the focus is on the button that comes next.
  const step = needsPriority ? "priority" : asked.record ? "counted" : asked.error ? "error" : "counting";
  return html`<${Dialog} key=${step} title=${nameOf(asked.request.action)} close=${() => proposed.set(null)}>
    ${needsPriority ? html`<${PriorityField} request=${asked.request} />` : html`<${Question} asked=${asked} />`}<//>`;
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
