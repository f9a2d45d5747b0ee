// Actions: each is counted first, then committed, and begins ten seconds later unless it is undone.
import { get, post } from "./api.js";
import { changes } from "./loading.js";
import { counted } from "./numbers.js";
import { makeStore } from "./store.js";

const POLL_MS = 1_000;
const WAITING = ["ready", "scheduled", "retrying"];
const ENDED = ["succeeded", "dead", "cancelled", "expired", "lost"];

// The actions on tasks: what they are called, and in which states there is something to do for them.
export const VERBS = {
  retry: { name: "Retry", states: ["dead"] },
  discard: { name: "Discard", states: ["dead"], isFinal: true },
  run_now: { name: "Run now", states: ["scheduled", "retrying"] },
  reprioritize: { name: "Priority", states: WAITING, asks: "priority" },
  reschedule: { name: "Reschedule", states: WAITING, asks: "time" },
  cancel: { name: "Cancel", states: [...WAITING, "leased", "running"], isFinal: true },
  delete: { name: "Delete", states: [...WAITING, ...ENDED], isFinal: true },
};
const OTHERS = {
  queue_pause: "Pause queue", queue_resume: "Resume queue", queue_drain: "Drain queue", queue_purge: "Purge queue",
  schedule_run: "Run now", schedule_pause: "Pause", schedule_resume: "Resume",
  worker_quiet: "Quiet", worker_resume: "Resume", worker_stop: "Stop", worker_recycle: "Recycle",
};

const FINAL_OTHERS = ["queue_purge"];

export const isFinal = (action) => Boolean(VERBS[action]?.isFinal) || FINAL_OTHERS.includes(action);

export const nameOf = (action) => VERBS[action]?.name ?? OTHERS[action] ?? action;

export function nounOf(action, count) {
  if (action === "queue_purge" || action === "queue_drain") return counted(count, "task");
  if (action.startsWith("queue_")) return counted(count, "waiting task");
  if (action.startsWith("schedule_")) return counted(count, "schedule");
  return action.startsWith("worker_") ? counted(count, "worker") : counted(count, "task");
}

// What is asked for and not yet committed: its request, and what the server says of it; or a queue whose actions are
// offered.
export const proposed = makeStore(null);
// What is committed, the newest last: the record of the server, and when it came, by performance.now().
export const committed = makeStore([]);

export const hasEnded = (record) => ["done", "failed", "undone", "interrupted"].includes(record.stage);

function keep(record) {
  const at = performance.now();
  const others = committed.get().filter((one) => one.record.token !== record.token);
  committed.set([...others, { record, at }].sort((one, other) => one.record.order - other.record.order));
}

let number = 0;

// Show how many it would touch, and wait for a yes.
export async function propose(request) {
  proposed.set({ request, record: null, error: null });
  try {
    const record = await post("/actions", request);
    const isAsked = () => proposed.get()?.request === request;
    if (isAsked()) proposed.set({ request, record, error: null });
    // One answer counts a limited number of tasks; it may be committed meanwhile.
    for (let told = record; isAsked() && !told.count_is_exact; ) {
      told = await post(`/actions/${record.token}/count`);
      if (isAsked()) proposed.set({ request, record: told, error: null });
    }
  } catch (error) {
    if (proposed.get()?.request === request) proposed.set({ request, record: null, error });
  }
}

// Ask for the new priority or time first.
export function askMore(request) {
  proposed.set({ request, record: null, error: null });
}

// What this action asks for before anything can be counted; "" if it needs nothing more.
export const wantedFor = (request) => (request.arguments ? "" : VERBS[request.action]?.asks ?? "");

// Offer what can be done to a queue.
export function offerForQueue({ queue, paused }) {
  proposed.set({ queue, isPaused: Boolean(paused) });
}

// For what is one thing and can be undone: it is committed at once.
export async function actOnOne(request) {
  try {
    const record = await post("/actions", request);
    if (record.count === 0 && !request.action.startsWith("queue_")) throw new Error("there is nothing to do for it any more");
    await commit(record);
  } catch (error) {
    proposed.set({ request, record: null, error });
  }
}

export async function commit(record) {
  proposed.set(null);
  const order = (number += 1);
  try {
    keep({ ...(await post(`/actions/${record.token}/commit`)), order });
    setTimeout(() => follow(record.token, order), POLL_MS);
  } catch (error) {
    keep({ ...record, stage: "failed", error: error.message, order });
  }
}

async function follow(token, order) {
  if (committed.get().some((one) => one.record.token === token && hasEnded(one.record))) return;
  try {
    keep({ ...(await get(`/actions/${token}`)), order });
  } catch (error) {
    if (error.status === 404) {
      dismiss(token);
      return;
    }
  }
  const known = committed.get().find((one) => one.record.token === token);
  if (known && hasEnded(known.record)) changes.set(changes.get() + 1);
  else if (known) setTimeout(() => follow(token, order), POLL_MS);
}

export async function undo(token) {
  const known = committed.get().find((one) => one.record.token === token);
  if (!known) return;
  try {
    keep({ ...(await post(`/actions/${token}/undo`)), order: known.record.order });
  } catch {
    follow(token, known.record.order);
  }
}

export function dismiss(token) {
  committed.set(committed.get().filter((one) => one.record.token !== token));
}

export function undoLatest() {
  const waiting = committed.get().filter((one) => one.record.stage === "waiting");
  if (waiting.length) undo(waiting[waiting.length - 1].record.token);
}
