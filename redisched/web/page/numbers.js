// Numbers as they are shown.
import { html } from "./html.js";

const WHOLE = new Intl.NumberFormat("en");
const BYTES = ["B", "kB", "MB", "GB", "TB"];

export function whole(number) {
  return WHOLE.format(number);
}

export function counted(number, one, many = `${one}s`) {
  return `${whole(number)} ${number === 1 ? one : many}`;
}

export function rate(perSecond) {
  if (perSecond === 0) return "0";
  if (perSecond >= 100) return whole(Math.round(perSecond));
  if (perSecond >= 0.1) return perSecond.toFixed(1);
  return perSecond * 60 >= 0.1 ? `${(perSecond * 60).toFixed(1)}/min` : `${(perSecond * 3_600).toFixed(1)}/h`;
}

export function bytes(number) {
  let size = number;
  let unit = 0;
  while (size >= 1_000 && unit < BYTES.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${BYTES[unit]}`;
}

// Of a count that may be only of those that were looked at.
export const atLeast = (number, isExact) => `${isExact ? "" : "≥ "}${whole(number)}`;

// A number that leads to the tasks it counts; a zero is faint.
export function NumberLink({ value, href, bad = false, isExact = true }) {
  const kind = value === 0 && isExact ? "faint" : bad ? "bad" : "";
  return html`<a class=${kind} href=${href}>${atLeast(value, isExact)}</a>`;
}
