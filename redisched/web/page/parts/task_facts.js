// What a task was given, what it returned, and on which terms it runs.
import { html } from "../html.js";
import { bytes } from "../numbers.js";
import { pythonText } from "../python_text.js";
import { filterOf } from "../filters.js";
import { href, tasksHref } from "../router.js";
import { duration, Moment } from "../times.js";
import { visible } from "../visible.js";

const LONG = 400;
// What the API has in place of a secret.
const REDACTED = "[redacted]";

export function Value({ value }) {
  if (value === REDACTED) return html`<span class="faint">hidden</span>`;
  const text = pythonText(value);
  if (text.length <= LONG) return html`<code class="break">${text}</code>`;
  return html`<details><summary><code class="break">${text.slice(0, LONG)}…</code></summary><pre class="wrap" tabindex="0">${text}</pre></details>`;
}

function Pairs({ pairs }) {
  return html`<dl class="pairs">${pairs.map(([name, value]) => html`<div key=${name}><dt class="break">${visible(name)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function Arguments({ task }) {
  const pairs = [...(task.args ?? []).map((value, index) => [String(index), html`<${Value} value=${value} />`]),
    ...Object.entries(task.kwargs ?? {}).map(([name, value]) => [name, html`<${Value} value=${value} />`])];
  return html`<section class="panel"><h2>Arguments <small>secrets are hidden by their names</small></h2>
    ${task.undecodable ? html`<p class="of-dead break">They cannot be read: ${visible(task.undecodable)}</p>`
      : task.args === null ? html`<p class="soft">They are not kept once a task has ended.</p>`
        : pairs.length ? html`<${Pairs} pairs=${pairs} />` : html`<p class="soft">None.</p>`}</section>`;
}

export function Result({ task }) {
  if (task.state !== "succeeded") return null;
  return html`<section class="panel"><h2>Result</h2><${Value} value=${task.result} /></section>`;
}

export function Terms({ task }) {
  const span = (ms) => duration(ms);
  const moment = (at) => html`<${Moment} at=${at} />`;
  const pairs = [
    ["due", task.run_at_ms && moment(task.run_at_ms)],
    ["claimed", task.claimed_ms && moment(task.claimed_ms)],
    ["started", task.started_ms && moment(task.started_ms)],
    ["ended", task.ended_ms && moment(task.ended_ms)],
    ["worker", task.worker && html`<a class="break" href=${tasksHref(filterOf({ state: "any", worker: task.worker }))}>${visible(task.worker)}</a>`],
    ["lease until", task.lease_until_ms && moment(task.lease_until_ms)],
    ["timeout", task.timeout_ms && span(task.timeout_ms)],
    ["deadline", task.deadline_ms && moment(task.deadline_ms)],
    ["expires", task.expires_ms && moment(task.expires_ms)],
    ["forgotten", task.forgotten_ms && moment(task.forgotten_ms)],
    ["retention", task.retention_ms && span(task.retention_ms)],
    ["unique", task.unique_key && html`<code class="break">${visible(task.unique_key)}</code>${task.unique_for && html` <span class="soft">${visible(task.unique_for)}</span>`}`],
    ["schedule", task.schedule && html`<a class="break" href=${href("schedules")}>${visible(task.schedule)}</a>`],
    ["slot", task.slot_ms && moment(task.slot_ms)],
    ["checkpoint", task.checkpoint_bytes && bytes(task.checkpoint_bytes)],
    ["codec", task.codec && visible(task.codec)],
    ["shard", task.shard],
    ...Object.entries(task.headers ?? {}).map(([name, value]) => [`header ${name}`, html`<code class="break">${visible(value)}</code>`]),
  ].filter(([, value]) => value !== null && value !== "" && value !== undefined && value !== 0);
  return html`<section class="panel"><h2>Terms</h2><${Pairs} pairs=${pairs} /></section>`;
}
