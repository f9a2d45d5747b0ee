// A few words, of which one is chosen.
import { html } from "../html.js";

export function Choices({ label, values, chosen, choose }) {
  return html`<div class="choices" role="group" aria-label=${label}>${values.map(([value, name]) => html`
    <button key=${value} aria-pressed=${value === chosen ? "true" : "false"} onClick=${() => choose(value)}>${name}</button>`)}
  </div>`;
}
