// What an action is given: a priority, or a time.
import { propose, proposed } from "../acts.js";
import { html, useState } from "../html.js";
import { exact } from "../times.js";

const PRIORITIES = [[0, "critical"], [3, "high"], [5, "normal"], [7, "low"], [9, "bulk"]];
const UNITS = [["seconds", 1], ["minutes", 60], ["hours", 3_600], ["days", 86_400]];
const LONGEST_S = 1_000_000_000;

function Buttons({ isRight }) {
  return html`<div class="buttons"><button type="button" onClick=${() => proposed.set(null)}>Cancel</button><button class="main" disabled=${!isRight}>Count</button></div>`;
}

export function PriorityField({ request }) {
  const [priority, setPriority] = useState("3");
  const isRight = /^\d{1,3}$/.test(priority) && Number(priority) <= 255;
  const ask = (event) => {
    event.preventDefault();
    propose({ ...request, arguments: { priority: Number(priority) } });
  };
  return html`<form onSubmit=${ask}><label>Priority, from 0 (first) to 255
    <input type="number" min="0" max="255" data-first value=${priority} onInput=${(event) => setPriority(event.target.value)} /></label>
    <p class="soft">${PRIORITIES.map(([value, name]) => `${value} ${name}`).join(" · ")}</p>
    <${Buttons} isRight=${isRight} /></form>`;
}

// The moment that a field for a local time names, in ms; null without one.
function momentOf(text) {
  const at = text ? new Date(text).getTime() : Number.NaN;
  return Number.isNaN(at) || at < 0 ? null : at;
}

export function TimeField({ request }) {
  const [amount, setAmount] = useState("10");
  const [unit, setUnit] = useState("minutes");
  const [local, setLocal] = useState("");
  const seconds = Number(amount) * new Map(UNITS).get(unit);
  const moment = momentOf(local);
  const isRight = local ? moment !== null : /^\d+(\.\d+)?$/.test(amount) && seconds <= LONGEST_S;
  const ask = (event) => {
    event.preventDefault();
    propose({ ...request, arguments: local ? { run_at_ms: moment } : { delay_s: seconds } });
  };
  return html`<form onSubmit=${ask}>
    <label>Run in<span class="together"><input type="number" min="0" step="any" data-first aria-label="Run in so many" value=${amount} disabled=${local !== ""} onInput=${(event) => setAmount(event.target.value)} />
      <select aria-label="Unit" value=${unit} disabled=${local !== ""} onChange=${(event) => setUnit(event.target.value)}>${UNITS.map(([name]) => html`<option key=${name}>${name}</option>`)}</select></span></label>
    <label>or at, in the time zone of this browser<input type="datetime-local" step="1" value=${local} onInput=${(event) => setLocal(event.target.value)} /></label>
    <p class="soft">${moment === null ? "from when it begins, ten seconds after your yes" : exact(moment)}</p>
    <${Buttons} isRight=${isRight} /></form>`;
}
