// Why a task is not running, in a sentence, and what to do about it.
import { html } from "../html.js";
import { capitalized, visible } from "../visible.js";
import { Shape } from "../states.js";
import { Command } from "./copy.js";
import { ADVICE } from "../diagnosis.js";

export function Explained({ task }) {
  const { sentence, advice } = task.explanation;
  const found = ADVICE.exec(advice);
  return html`<section class=${`finding of-${task.state} explained`} aria-label="Why"><${Shape} state=${task.state} />
    <p>${visible(sentence)}${advice && !found && html`<br /><span class="soft">${visible(capitalized(advice))}</span>`}</p>
    ${found && html`<span class="do"><span class="soft">${visible(capitalized(found[1]))}</span> <${Command} text=${found[2]} /></span>`}
  </section>`;
}
