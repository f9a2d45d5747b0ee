// Every state has a colour and a shape of its own.
import { html } from "./html.js";

const SHAPES = {
  scheduled: html`<circle class="open" cx="6" cy="6" r="4.6" /><path class="open" d="M6 3.4V6l1.8 1.2" />`,
  ready: html`<rect x="1.2" y="1.2" width="9.6" height="9.6" rx="1.6" />`,
  leased: html`<rect class="open" x="1.6" y="1.6" width="8.8" height="8.8" rx="1.4" /><rect x="4" y="4" width="4" height="4" />`,
  running: html`<path d="M2 1l9 5-9 5z" />`,
  retrying: html`<path d="M6 .4L11.6 6 6 11.6.4 6z" />`,
  succeeded: html`<path class="open" d="M1.2 6.6l3.2 3.2 6.4-7.4" />`,
  dead: html`<path class="open" d="M1.8 1.8l8.4 8.4M10.2 1.8l-8.4 8.4" />`,
  cancelled: html`<circle class="open" cx="6" cy="6" r="4.6" /><path class="open" d="M2.8 9.2l6.4-6.4" />`,
  expired: html`<path d="M1.8 .8h8.4L6 6zM1.8 11.2h8.4L6 6z" />`,
  lost: html`<path class="open" d="M3.2 4.2a2.8 2.8 0 1 1 3.6 2.6c-.6.2-.8.6-.8 1.3" /><rect x="5.1" y="9.6" width="1.8" height="1.8" />`,
  unknown: html`<circle class="open" cx="6" cy="6" r="4.4" stroke-dasharray="2 2" />`,
  warning: html`<path d="M6 .8l5.4 10.2H.6z" />`,
};

export const STATES = Object.keys(SHAPES).filter((name) => name !== "warning" && name !== "unknown");
export const WAITING = ["ready", "scheduled", "retrying"];
export const ENDED = ["succeeded", "dead", "cancelled", "expired", "lost"];

export function Shape({ state }) {
  const name = Object.hasOwn(SHAPES, state) ? state : "unknown";
  return html`<svg class=${`shape of-${name}`} viewBox="0 0 12 12" aria-hidden="true">${SHAPES[name]}</svg>`;
}

export function State({ state, isBadge = false }) {
  return html`<span class=${isBadge ? "state badge" : "state"}><${Shape} state=${state} />${state}</span>`;
}
