// Why a task is not running, in a sentence, and what to do about it.
import { html } from "../html.js";
import { visible } from "../visible.js";
import { Shape } from "../states.js";
import { Command } from "./copy.js";

const COMMAND = /^(.*?:)\s+(redisched .+)$/s;

export function Explained({ task }) {
  const { sentence, advice } = task.explanation;
  const found = COMMAND.exec(advice);
  return html`<section class=${`finding of-${task.state} explained`} aria-label="Why"><${Shape} state=${task.state} />
    <p>${visible(sentence)}${advice && !found && html`<br /><span class="soft">${visible(advice)}</span>`}</p>
    ${found && html`<span class="do"><span class="soft">${visible(found[1])}</span> <${Command} text=${found[2]} /></span>`}
  </section>`;
}
