// Numbers as they are shown.
import { html } from "./html.js";

const WHOLE = new Intl.NumberFormat("en");
const UNITS = [["s", 1], ["min", 60], ["h", 3_600]];
const MOST_DIGITS = 4;
const BYTES = ["B", "kB", "MB", "GB", "TB"];

export function whole(number) {
  return WHOLE.format(number);
}

export function counted(number, one, many = `${one}s`) {
  return `${whole(number)} ${number === 1 ? one : many}`;
}

// The unit in which a rate is a tenth at least: its name, and how many seconds it has.
function unitOf(perSecond) {
  return UNITS.find(([, seconds]) => perSecond * seconds >= 0.1) ?? UNITS[UNITS.length - 1];
}

// A rate with its unit, such as 12.5/s or 4.8/min.
export function rate(perSecond) {
  if (perSecond === 0) return "0/s";
  const [unit, seconds] = unitOf(perSecond);
  const number = perSecond * seconds;
  return `${number >= 100 ? whole(Math.round(number)) : number.toFixed(1)}/${unit}`;
}

// The marks of an axis of rates, which are evenly apart: all in one unit, and as exact as their distance.
export function rates(all) {
  const [unit, seconds] = unitOf(Math.max(...all));
  const apart = all.length > 1 ? (all[1] - all[0]) * seconds : 1;
  let digits = 0;
  while (digits < MOST_DIGITS && Math.abs(apart * 10 ** digits - Math.round(apart * 10 ** digits)) > 1e-6) digits += 1;
  const form = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return all.map((value) => (value === 0 ? "0" : `${form.format(value * seconds)}/${unit}`));
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
