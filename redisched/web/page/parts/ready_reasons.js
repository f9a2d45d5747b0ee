// Why ready tasks do not run, with how many tasks each reason holds back.
import { reasonHref } from "../diagnosis.js";
import { html } from "../html.js";
import { atLeast, counted, NumberLink, whole } from "../numbers.js";
import { taskHref } from "../router.js";
import { capitalized, visible } from "../visible.js";
import { Answered } from "./notes.js";

const MOST = 8;

function extentOf(found) {
  if (found.queues > found.queues_counted) return `of the first ${whole(found.queues_counted)} queues by name`;
  return found.reasons.every((one) => one.is_exact) ? `${counted(found.ready, "task")} in all` : `${whole(found.looked_at)} of ${whole(found.ready)} looked at`;
}

function Reason({ one }) {
  return html`<tr>
    <td class="number"><${NumberLink} value=${one.count} isExact=${one.is_exact} href=${reasonHref(one)} /></td>
    <th scope="row" class="break">${visible(one.queue)}</th>
    <td class="wide break">${visible(one.sentence)} <a class="link" href=${taskHref(one)} aria-label=${`The first of the tasks of ${visible(one.queue)}`}>first task →</a>
      ${one.advice && html`<div class="under">${visible(capitalized(one.advice))}</div>`}</td></tr>`;
}

function Table({ found }) {
  const shown = found.reasons.slice(0, MOST);
  const others = found.reasons.slice(MOST);
  const left = others.reduce((sum, one) => sum + one.count, 0);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Why ready tasks do not run"><table><thead><tr><th class="number">tasks</th><th>queue</th><th>why</th></tr></thead>
    <tbody>${shown.map((one) => html`<${Reason} key=${`${one.queue} ${one.reason} ${one.what}`} one=${one} />`)}</tbody></table></div>
    ${others.length > 0 && html`<p class="soft">And ${atLeast(left, others.every((one) => one.is_exact))} more tasks, of ${counted(others.length, "other reason")}.</p>`}`;
}

export function ReadyReasons({ asked }) {
  return html`<section class="panel"><h2>Why ready tasks do not run <small>${asked.data && asked.data.reasons.length ? extentOf(asked.data) : ""}</small></h2>
    <${Answered} asked=${asked}>${(found) => (found.reasons.length
      ? html`<${Table} found=${found} />`
      : html`<p class="soft">Nothing is ready: whatever is due runs.</p>`)}<//></section>`;
}
