// What is wrong, the worst first: each with a sentence and the one thing to do about it. What needs no hand is not said.
import { filterOf } from "./filters.js";
import { counted, whole } from "./numbers.js";
import { href, tasksHref } from "./router.js";
import { coarse } from "./times.js";

const LATE_MS = 60_000;
const FAILING = 0.2;
const LEAST_ATTEMPTS = 10;

export function findingsOf({ queues, workers, stats }) {
  const found = [...queues.flatMap((queue) => ofQueue(queue, workers)), ...ofHandlers(stats)];
  const dead = queues.reduce((sum, queue) => sum + queue.dead, 0);
  if (dead) found.push(ofDead(dead));
  return found.sort((one, other) => one.rank - other.rank);
}

function serves(worker, queue) {
  return worker.queues.includes(queue) || worker.more_queues > 0;
}

function ofQueue(queue, workers) {
  const name = queue.queue;
  const ageMs = queue.oldest_ready_ms ?? 0;
  const waiting = `${whole(queue.ready)} ready${ageMs >= 1_000 ? `, the oldest for ${coarse(ageMs)}` : ""}`;
  if (!queue.ready) return [];
  if (queue.paused) {
    if (queue.paused.until_ms !== null && ageMs < LATE_MS) return [];
    return [{ rank: 2, state: "warning", key: `paused ${name}`, strong: `Queue ${name} is paused`, rest: `: ${waiting}.`,
      command: `redisched queue resume ${name}` }];
  }
  const serving = workers.filter((worker) => serves(worker, name));
  const working = serving.filter((worker) => worker.state === "working");
  if (serving.length === 0) {
    return [{ rank: 0, state: "dead", key: `unserved ${name}`, strong: `No worker serves ${name}`, rest: `: ${waiting}.`,
      command: `redisched worker MODULE:APP --queues ${name}` }];
  }
  if (working.length === 0) {
    return [{ rank: 1, state: "dead", key: `quiet ${name}`, strong: `All workers of ${name} take nothing`,
      rest: `: they are ${[...new Set(serving.map((worker) => worker.state))].join(" or ")}; ${waiting}.`, href: href("workers"), link: "Look at the workers" }];
  }
  const slots = working.reduce((sum, worker) => sum + worker.slots, 0);
  const busy = working.reduce((sum, worker) => sum + worker.busy, 0);
  if (ageMs >= LATE_MS && busy >= slots) {
    return [{ rank: 3, state: "warning", key: `late ${name}`, strong: `${name} falls behind`,
      rest: `: ${waiting}; all ${counted(slots, "slot")} of its workers are busy.`, command: `redisched worker MODULE:APP --queues ${name}` }];
  }
  if (ageMs >= LATE_MS) {
    return [{ rank: 3, state: "warning", key: `stuck ${name}`, strong: `${name} has tasks that nobody takes`, rest: `: ${waiting}, with free slots.`,
      href: tasksHref(filterOf({ state: "ready", queue: name })), link: "See why" }];
  }
  return [];
}

function ofHandlers(stats) {
  return (stats?.rows ?? []).flatMap((row) => {
    const failed = row.failed + row.dead + row.crashed;
    const attempts = row.succeeded + failed;
    if (attempts < LEAST_ATTEMPTS || failed / attempts < FAILING) return [];
    return [{ rank: 4, state: "retrying", key: `fails ${row.queue} ${row.handler}`, strong: `${row.handler} fails ${Math.round((100 * failed) / attempts)} %`,
      rest: ` in the last hour: ${whole(failed)} of ${counted(attempts, "attempt")} in ${row.queue}.`,
      href: tasksHref(filterOf({ state: "retrying,dead", name: row.handler })), link: "Look at them" }];
  });
}

function ofDead(dead) {
  return { rank: 5, state: "dead", key: "dead", strong: `${counted(dead, "task is", "tasks are")} dead`, rest: ": each runs again only if somebody retries it.",
    href: href("dead"), link: "Retry or discard" };
}
