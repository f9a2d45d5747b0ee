// What is wrong, the worst first: each with a sentence and the one thing to do about it. What needs no hand is not said.
import { filterOf } from "./filters.js";
import { counted, whole } from "./numbers.js";
import { href, tasksHref } from "./router.js";
import { coarse } from "./times.js";

const LATE_MS = 60_000;
const FAILING = 0.2;
const LEAST_ATTEMPTS = 10;
// Percentiles are right within a factor of two: at four times as much a handler is slower for certain.
const SLOWER = 4;
const SLOW_MS = 100;
// Words, and a command.
export const ADVICE = /^(.*?:)\s+(redisched .+)$/s;

// How bad each reason is why ready tasks do not run, and how it looks.
const OF_REASON = {
  "no worker": { rank: 0, state: "dead" },
  quiet: { rank: 1, state: "dead" },
  "no handler": { rank: 2, state: "warning" },
  "no codec": { rank: 2, state: "warning" },
  paused: { rank: 3, state: "warning" },
  busy: { rank: 4, state: "warning" },
  behind: { rank: 4, state: "warning" },
  next: { rank: 4, state: "warning" },
};
const IN_LINE = ["busy", "behind", "next"];

export function findingsOf({ queues, reasons, hour, before }) {
  const byName = new Map(queues.map((queue) => [queue.queue, queue]));
  const found = [
    ...reasons.flatMap((reason) => ofReason(reason, byName.get(reason.queue))),
    ...ofHandlers(hour),
    ...ofSlower(hour, before),
  ];
  const dead = queues.reduce((sum, queue) => sum + queue.dead, 0);
  if (dead) found.push(ofDead(dead));
  return found.sort((one, other) => one.rank - other.rank);
}

// The tasks that have this reason, as far as a filter can tell them.
export function reasonHref({ reason, queue, what }) {
  if (reason === "no handler") return tasksHref(filterOf({ state: "ready,scheduled", queue, name: what }));
  return tasksHref(filterOf({ state: reason === "no codec" ? "ready,scheduled" : "ready", queue }));
}

function ofReason(one, queue) {
  const how = OF_REASON[one.reason];
  const ageMs = queue?.oldest_ready_ms ?? 0;
  if (!how || IN_LINE.includes(one.reason) && ageMs < LATE_MS) return [];
  if (one.reason === "paused" && queue?.paused && queue.paused.until_ms !== null && ageMs < LATE_MS) return [];
  const oldest = ageMs >= 1_000 && one.reason !== "no handler" ? `, the oldest for ${coarse(ageMs)}` : "";
  const command = ADVICE.exec(one.advice)?.[2];
  const late = one.reason === "busy" ? `Queue ${one.queue} falls behind` : `Tasks of queue ${one.queue} wait long`;
  const strong = IN_LINE.includes(one.reason) ? `${late}: ${lowered(one.sentence)}` : one.sentence;
  return [{ ...how, key: `${one.reason} ${one.queue} ${one.what}`, strong, rest: ` ${one.is_exact ? "" : "At least "}${counted(one.count, "task waits", "tasks wait")}${oldest}.`,
    ...(command ? { command } : { href: reasonHref(one), link: "Look at them" }) }];
}

function lowered(sentence) {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1);
}

function attemptsOf(row) {
  return row.succeeded + row.failed + row.dead + row.crashed;
}

function ofHandlers(stats) {
  return (stats?.rows ?? []).flatMap((row) => {
    const attempts = attemptsOf(row);
    const failed = attempts - row.succeeded;
    if (attempts < LEAST_ATTEMPTS || failed / attempts < FAILING) return [];
    return [{ rank: 5, state: "retrying", key: `fails ${row.queue} ${row.handler}`, strong: `${row.handler} fails ${Math.round((100 * failed) / attempts)} %`,
      rest: ` in the last hour: ${whole(failed)} of ${counted(attempts, "attempt")} in ${row.queue}.`,
      href: tasksHref(filterOf({ state: "retrying,dead", name: row.handler })), link: "Look at them" }];
  });
}

// Handlers that ran far longer in the last hour than in the day before it.
function ofSlower(hour, before) {
  const known = new Map((before?.rows ?? []).map((row) => [`${row.queue}/${row.handler}`, row]));
  return (hour?.rows ?? []).flatMap((row) => {
    const usual = known.get(`${row.queue}/${row.handler}`);
    if (!usual || attemptsOf(row) < LEAST_ATTEMPTS || row.run_p95_ms < SLOW_MS) return [];
    if (!usual.run_p95_ms || row.run_p95_ms < SLOWER * usual.run_p95_ms) return [];
    return [{ rank: 5, state: "warning", key: `slow ${row.queue} ${row.handler}`, strong: `${row.handler} slowed down`,
      rest: ` in the last hour: p95 run ${coarse(row.run_p95_ms)}, ${coarse(usual.run_p95_ms)} in the day before, in ${row.queue}.`,
      href: tasksHref(filterOf({ state: "running,leased", name: row.handler })), link: "Look at them" }];
  });
}

function ofDead(dead) {
  return { rank: 6, state: "dead", key: "dead", strong: `${counted(dead, "task is", "tasks are")} dead`, rest: ": each runs again only if somebody retries it.",
    href: href("dead"), link: "Retry or discard" };
}
