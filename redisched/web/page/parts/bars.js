// Bars with a name and a number, such as ready tasks by priority.
import { html } from "../html.js";
import { whole } from "../numbers.js";

export function Bars({ rows }) {
  const most = Math.max(1, ...rows.map((row) => row.value));
  return html`<ul class="bars">${rows.map((row) => html`<li key=${row.name}>
    <span>${row.name}</span>
    <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
      <rect width=${row.value ? Math.max(0.8, (100 * row.value) / most) : 0} height="12" />
    </svg>
    <span class="value">${row.href ? html`<a href=${row.href}>${whole(row.value)}</a>` : whole(row.value)}</span>
  </li>`)}</ul>`;
}
