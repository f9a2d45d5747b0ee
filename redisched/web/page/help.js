// What keys do.
import { Fragment, html } from "./html.js";
import { Dialog } from "./parts/dialog.js";
import { PLACES } from "./places.js";

const KEYS = [
  ["Ctrl-K", "go to a screen, a queue, a task or a filter"],
  ["/", "search tasks"],
  ["g q", "queues"],
  ["j", "next row"],
  ["k", "row before"],
  ["Enter", "open the row"],
  ["x", "select the row"],
  ["r", "retry, or run now"],
  ["c", "cancel"],
  ["e", "change the priority"],
  ["t", "change the time"],
  ["u", "undo the latest action"],
  ["y", "copy a task as code"],
  ["?", "this help"],
  ["Esc", "close"],
];

export function Help({ close }) {
  const all = [...PLACES.map((place) => [place.key, place.title.toLowerCase()]), ...KEYS];
  return html`<${Dialog} title="Keys" close=${close}>
    <dl class="keys">${all.map(([key, does]) => html`<${Fragment} key=${key}><dt><kbd>${key}</kbd></dt><dd>${does}</dd><//>`)}</dl>
    <div class="buttons"><button data-first onClick=${close}>Close</button></div>
  <//>`;
}
