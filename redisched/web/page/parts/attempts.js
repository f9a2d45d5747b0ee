// The attempts that failed, the newest first, with their tracebacks.
import { html } from "../html.js";
import { filterOf } from "../filters.js";
import { tasksHref } from "../router.js";
import { Shape } from "../states.js";
import { duration, Moment } from "../times.js";
import { visible, visibleLines } from "../visible.js";
import { counted } from "../numbers.js";

function ran(failure) {
  return failure.started_ms && failure.failed_ms ? `ran ${duration(failure.failed_ms - failure.started_ms)}` : "";
}

function Attempt({ failure, isOpen }) {
  const head = html`<${Shape} state="dead" /><b>${failure.attempt}</b><span class="break error">${visible(failure.error)}${failure.reason && html` <span class="soft">(${visible(failure.reason)})</span>`}</span>
    <span class="soft facts">${[failure.worker && html`<span class="break">${visible(failure.worker)}</span>`, failure.failed_ms && html`<${Moment} at=${failure.failed_ms} />`, ran(failure)].filter(Boolean).map((one, index) => html`<span key=${index}>${one}</span>`)}</span>`;
  if (!failure.traceback) return html`<li class="attempt"><div class="line">${head}</div></li>`;
  return html`<li class="attempt"><details open=${isOpen}><summary class="line">${head}</summary>
    <pre tabindex="0" aria-label=${`Traceback of attempt ${failure.attempt}`}>${visibleLines(failure.traceback)}</pre></details></li>`;
}

export function Attempts({ task }) {
  const all = task.failures.length ? task.failures : task.failure ? [task.failure] : [];
  const failures = [...all].reverse();
  const others = [task.crashes && counted(task.crashes, "crash", "crashes"), task.redeliveries && counted(task.redeliveries, "redelivery", "redeliveries")].filter(Boolean);
  return html`<section class="panel"><h2>Failed attempts <small>${[failures.length > 1 ? "newest first" : "", ...others].filter(Boolean).join(" · ")}</small></h2>
    ${failures.length ? html`<ol>${failures.map((failure, index) => html`<${Attempt} key=${`${failure.attempt} ${failure.failed_ms}`} failure=${failure} isOpen=${index === 0} />`)}</ol>`
      : html`<p class="soft">No attempt has failed.</p>`}
    ${task.failure && html`<p><a class="link" href=${tasksHref(filterOf({ state: "dead,retrying", name: task.name || "?" }))}>Others that fail →</a></p>`}</section>`;
}
