// What a worker has: a square for each slot that runs, for each task that is next, and for each that is about to fall due.
import { html } from "../html.js";

const MOST = 48;

export function WorkerWindow({ worker }) {
  const { busy, due, ahead, slots } = worker;
  const kinds = [["running", busy], ["free", Math.max(0, slots - busy)], ["next", due], ["later", ahead]];
  const all = kinds.flatMap(([kind, number]) => Array(Math.min(number, MOST)).fill(kind));
  const squares = all.slice(0, MOST);
  const said = `${busy} of ${slots} slots run, ${due} next, ${ahead} about to fall due`;
  return html`<span class="window"><svg width=${squares.length * 8} height="12" role="img" aria-label=${said}><title>${said}</title>
    ${squares.map((kind, at) => html`<rect key=${at} class=${kind} x=${at * 8 + 1} y=${kind === "later" ? 4 : 1} width="6" height=${kind === "later" ? 7 : 10} rx="1.5" />`)}
  </svg>${all.length > MOST ? html`<span class="faint">+${busy + due + ahead - MOST > 0 ? busy + due + ahead - MOST : slots - MOST}</span>` : null}</span>`;
}

export function WindowLegend() {
  return html`<small class="window-legend"><i class="running"></i> runs <i class="free"></i> free slot <i class="next"></i> next <i class="later"></i> about to fall due</small>`;
}
