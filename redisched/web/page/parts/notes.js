// What stands in place of content: nothing yet, nothing there, or what went wrong.
import { html } from "../html.js";
import { Shape } from "../states.js";
import { visible } from "../visible.js";
import { Command } from "./copy.js";

export function Empty({ title, children, command }) {
  return html`<div class="empty-state"><b>${title}</b>${children && html`<p>${children}</p>`}
    ${command && html`<${Command} text=${command} />`}</div>`;
}

export function ProblemNote({ error, again }) {
  if (!error) return null;
  return html`<div class="problem" role="alert"><${Shape} state="warning" /><p>${visible(error.message)}</p>
    ${again && html`<button onClick=${again}>Try again</button>`}</div>`;
}

// The content once there is an answer. The latest answer stays beside a problem.
export function Answered({ asked, children }) {
  return html`<${ProblemNote} error=${asked.error} again=${asked.again} />
    ${asked.data ? children(asked.data) : !asked.error && html`<p class="waits" role="status">Asking the server…</p>`}`;
}
