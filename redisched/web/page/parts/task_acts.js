// Actions on tasks: on those that are selected, on all that match a filter, and on one.
import { actOnOne, askMore, propose, VERBS } from "../acts.js";
import { statesIn, withStates } from "../filters.js";
import { html } from "../html.js";
import { useKeys } from "../keyboard.js";
import { whole } from "../numbers.js";
import { ENDED, STATES, WAITING } from "../states.js";
import { useStore } from "../store.js";
import { mayAct, visitor } from "../visitor.js";

const KEYS = { retry: "r", run_now: "r", cancel: "c", reprioritize: "e", reschedule: "t" };

// Whether a filter names only queues, handlers and priorities: then it stands for the tasks that wait.
function isOpen(filter) {
  const terms = filter.replace(/"(\\.|[^"\\])*"/g, "_").split(/\s+/).filter(Boolean);
  return terms.every((one) => /^-?(queue|name|priority):/.test(one));
}

// The states that a filter asks for, as the server understands it.
function askedStates(filter) {
  const named = statesIn(filter);
  if (!named) return isOpen(filter) ? WAITING : STATES;
  if (named.includes("any")) return STATES;
  return named.flatMap((name) => (name === "pending" ? WAITING : [name]));
}

function verbsFor(states) {
  return Object.keys(VERBS).filter((action) => VERBS[action].states.some((state) => states.includes(state)));
}

function requestFor(action, filter, chosen) {
  if (chosen.length) {
    const queues = new Set(chosen.map((task) => task.queue));
    return { action, ids: chosen.map((task) => task.id), ...(queues.size === 1 ? { queue: chosen[0].queue } : {}) };
  }
  const states = VERBS[action].states.filter((state) => askedStates(filter).includes(state));
  return { action, filter: withStates(filter, states.join(",")) };
}

function ask(request) {
  if (VERBS[request.action].asks) askMore(request);
  else propose(request);
}

export function TaskActs({ filter, chosen, current, clear }) {
  const states = chosen.length ? chosen.map((task) => task.state) : askedStates(filter);
  const verbs = verbsFor(states);
  const act = (action) => ask(requestFor(action, filter, chosen));
  const byKey = (wanted) => () => {
    const tasks = chosen.length ? chosen : current ? [current] : [];
    const action = wanted.find((one) => tasks.some((task) => VERBS[one].states.includes(task.state)));
    if (action) ask(requestFor(action, filter, tasks));
  };
  useKeys({ r: byKey(["retry", "run_now"]), c: byKey(["cancel"]), e: byKey(["reprioritize"]), t: byKey(["reschedule"]) });
  return html`<div class="acts-bar" role="toolbar" aria-label="Actions"><span class="soft">${chosen.length ? `${whole(chosen.length)} selected:` : "All that match:"}</span>
    ${verbs.map((action) => html`<button key=${action} class=${VERBS[action].isFinal ? "danger" : ""} onClick=${() => act(action)}>${VERBS[action].name}…</button>`)}
    ${chosen.length > 0 && html`<button class="plain" onClick=${clear}>Select none</button>`}</div>`;
}

export function OneTaskActs({ task }) {
  const canAct = mayAct(useStore(visitor));
  const verbs = canAct ? verbsFor([task.state]).filter((action) => action !== "delete" || ENDED.includes(task.state)) : [];
  const act = (action) => {
    const request = { action, ids: [task.id], queue: task.queue };
    if (VERBS[action].asks || action === "delete") ask(request);
    else actOnOne(request);
  };
  useKeys(Object.fromEntries([["r", ["retry", "run_now"]], ["c", ["cancel"]], ["e", ["reprioritize"]], ["t", ["reschedule"]]].map(([key, actions]) => [key, () => {
    const action = verbs.find((one) => actions.includes(one));
    if (action) act(action);
  }])));
  return html`${verbs.map((action, index) => html`<button key=${action} class=${index === 0 && !VERBS[action].isFinal && !VERBS[action].asks ? "main" : VERBS[action].isFinal ? "danger" : ""}
    onClick=${() => act(action)}>${VERBS[action].name}${VERBS[action].asks ? "…" : ""}${KEYS[action] && html` <kbd>${KEYS[action]}</kbd>`}</button>`)}`;
}
