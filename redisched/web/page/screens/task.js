// One task: why it is not running, its life, its attempts, and what it was given.
import { html } from "../html.js";
import { useKeys } from "../keyboard.js";
import { useAsked } from "../loading.js";
import { useCopy } from "../parts/copy.js";
import { Head } from "../parts/head.js";
import { Answered } from "../parts/notes.js";
import { Explained } from "../parts/explained.js";
import { Attempts } from "../parts/attempts.js";
import { Arguments, Result, Terms } from "../parts/task_facts.js";
import { Log, Progress } from "../parts/told.js";
import { OneTaskActs } from "../parts/task_acts.js";
import { Timeline } from "../parts/timeline.js";
import { lifeOf } from "../life.js";
import { codeOf } from "../python_text.js";
import { tasksHref } from "../router.js";
import { filterOf } from "../filters.js";
import { State } from "../states.js";
import { duration, exact } from "../times.js";
import { visible } from "../visible.js";

function CopyButton({ task }) {
  const [said, copy] = useCopy();
  const act = () => copy(codeOf(task));
  useKeys({ y: act });
  return html`<button onClick=${act} disabled=${task.args === null}><span role="status">${said || "Copy as code"}</span> <kbd>y</kbd></button>`;
}

function Life({ task }) {
  const spans = lifeOf(task);
  if (!spans.length) return null;
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(...spans.map((span) => span.to));
  return html`<section class="panel"><h2>Life <small title=${`${exact(from)} to ${exact(to)}`}>${duration(to - from)}</small></h2>
    <${Timeline} spans=${spans} nowMs=${task.now_ms} /></section>`;
}

function Whole({ task, again }) {
  return html`
    <p class="crumbs"><a href=${tasksHref("")}>Tasks</a> / <a href=${tasksHref(filterOf({ queue: task.queue, state: "any" }))}>${visible(task.queue)}</a> / <a href=${tasksHref(filterOf({ state: "any", name: task.name || "?" }))}>${visible(task.name || "?")}</a></p>
    <div class="task-head"><span class="id break title">${visible(task.id)}</span><${State} state=${task.state} isBadge />
      <span class="soft">priority ${task.priority ?? "unknown"} · attempt ${task.attempts}${task.max_attempts ? ` of ${task.max_attempts}` : ""}${task.cancel_requested ? " · is to be cancelled" : ""}</span>
      <div class="buttons"><${OneTaskActs} task=${task} /><${CopyButton} task=${task} /></div></div>
    <${Explained} task=${task} />
    <${Progress} progress=${task.progress} />
    <${Life} task=${task} />
    <div class="columns"><div><${Attempts} task=${task} /><${Log} lines=${task.log} dropped=${task.log_dropped} /></div>
      <div><${Arguments} task=${task} /><${Result} task=${task} /><${Terms} task=${task} /></div></div>`;
}

export function Task({ at }) {
  const id = at.rest[0] ?? "";
  const asked = useAsked(`/tasks/${encodeURIComponent(id)}`, { queue: at.query.get("queue") });
  return html`<${Head} title="Task" /><${Answered} asked=${asked}>${(task) => html`<${Whole} task=${task} again=${asked.again} />`}<//>`;
}
