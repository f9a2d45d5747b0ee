// Listens to the overview while the page is seen. A connection that is lost is shown, and made again by itself.
import { headers, Problem, readAnswer, address } from "./api.js";
import { makeStore } from "./store.js";
import { noteServerTime } from "./times.js";

const SILENT_MS = 25_000;
const TRIES_MS = [500, 1_000, 2_000, 4_000, 8_000];

// `state` is connecting, live, paused or lost; `at` is when something was last heard, by performance.now().
export const live = makeStore({ state: "connecting", at: performance.now(), problem: "" });
export const overview = makeStore(null);

let abort = null;
let tries = 0;
let waiting = 0;

function note(change) {
  live.set({ ...live.get(), ...change });
}

function take(block) {
  let kind = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) kind = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (!data) return;
  const record = JSON.parse(data);
  if (kind === "overview") {
    noteServerTime(record.now_ms);
    note({ problem: "" });
    overview.set(record);
  } else if (kind === "problem") {
    note({ problem: record.detail });
  }
}

async function listen(controller) {
  const answer = await fetch(address("/events"), { headers: headers(), signal: controller.signal });
  if (!answer.ok) await readAnswer(answer);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const silence = setTimeout(() => controller.abort(), SILENT_MS);
    const { value, done } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    tries = 0;
    note({ state: "live", at: performance.now() });
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    blocks.forEach(take);
  }
}

async function connect() {
  clearTimeout(waiting);
  const controller = new AbortController();
  abort = controller;
  let needsToken = false;
  try {
    await listen(controller);
  } catch (error) {
    needsToken = error instanceof Problem && error.status === 401;
    if (error instanceof Problem) note({ problem: error.message });
  }
  if (abort !== controller) return;
  abort = null;
  note({ state: "lost" });
  if (needsToken) return;
  waiting = setTimeout(connect, TRIES_MS[Math.min(tries, TRIES_MS.length - 1)]);
  tries += 1;
}

function pause() {
  clearTimeout(waiting);
  const controller = abort;
  abort = null;
  if (controller) controller.abort();
  note({ state: "paused" });
}

export function reconnect() {
  pause();
  tries = 0;
  if (document.visibilityState !== "visible") return;
  note({ state: "connecting", problem: "" });
  connect();
}

export function startLive() {
  document.addEventListener("visibilitychange", reconnect);
  addEventListener("online", reconnect);
  addEventListener("pagehide", pause);
  reconnect();
}
