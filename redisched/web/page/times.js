// Times are those of the server: relative on the page, exact on hover.
import { html, useEffect, useState } from "./html.js";

const UNITS = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1_000, "s"]];
let serverMinusLocalMs = Date.now() - performance.now();

export function noteServerTime(nowMs) {
  serverMinusLocalMs = nowMs - performance.now();
}

export function serverNow() {
  return performance.now() + serverMinusLocalMs;
}

// In its two largest units, as the command line says it: 850 ms, 12.3 s, 5 min 3 s, 2 h 5 min.
export function duration(milliseconds) {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const at = UNITS.findIndex(([size]) => ms >= size);
  const [size, unit] = UNITS[at];
  const [smaller, smallerUnit] = UNITS[at + 1];
  const rest = Math.floor((ms % size) / smaller);
  return `${Math.floor(ms / size)} ${unit}${rest ? ` ${rest} ${smallerUnit}` : ""}`;
}

// Shorter, for numbers that change while one looks at them.
export function coarse(milliseconds) {
  const ms = Math.max(0, milliseconds);
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const [size, unit] = UNITS.find(([unitMs]) => ms >= unitMs);
  return `${Math.floor(ms / size)} ${unit}`;
}

export function relative(momentMs, nowMs) {
  const apart = momentMs - nowMs;
  if (Math.abs(apart) < 1_000) return "now";
  const said = Math.abs(apart) < 60_000 ? `${Math.round(Math.abs(apart) / 1_000)} s` : coarse(Math.abs(apart));
  return apart > 0 ? `in ${said}` : `${said} ago`;
}

export function exact(momentMs) {
  const date = new Date(momentMs);
  return Number.isNaN(date.getTime()) ? String(momentMs) : `${date.toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

export function isoOf(momentMs) {
  const date = new Date(momentMs);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

const ticking = new Set();
setInterval(() => {
  if (document.visibilityState === "visible") for (const tick of [...ticking]) tick();
}, 1_000);

// The server's time, told once a second while the page is seen.
export function useServerNow() {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const tick = () => setNow(serverNow());
    ticking.add(tick);
    return () => ticking.delete(tick);
  }, []);
  return now;
}

// A moment: how far it is from now, and exactly on hover.
export function Moment({ at }) {
  const now = useServerNow();
  if (at === null || at === undefined) return html`<span class="faint">–</span>`;
  return html`<time datetime=${isoOf(at)} title=${exact(at)}>${relative(at, now)}</time>`;
}

// How long something has been going on.
export function Since({ at }) {
  const now = useServerNow();
  if (at === null || at === undefined) return html`<span class="faint">–</span>`;
  return html`<time datetime=${isoOf(at)} title=${`since ${exact(at)}`}>${coarse(now - at)}</time>`;
}
