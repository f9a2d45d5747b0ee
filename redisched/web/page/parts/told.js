// What a handler told while it ran: how far it is, and its log.
import { html } from "../html.js";
import { whole } from "../numbers.js";
import { exact, duration, Moment } from "../times.js";
import { visible } from "../visible.js";

export function Progress({ progress }) {
  if (!progress) return null;
  const percent = Math.round(100 * progress.fraction);
  return html`<section class="panel"><h2>Progress <small>attempt ${progress.attempt}, <${Moment} at=${progress.at_ms} /></small></h2>
    <div class="progress"><progress max="1" value=${progress.fraction} aria-label="Progress">${percent} %</progress><b>${percent} %</b></div>
    <p class="soft break">${progress.done} of ${progress.total}${progress.note && html` · ${visible(progress.note)}`}${progress.left_s !== null && html` · about ${duration(1_000 * progress.left_s)} left`}</p></section>`;
}

export function Log({ lines, dropped }) {
  if (!lines.length) return null;
  return html`<section class="panel"><h2>Log <small>${dropped ? `${whole(dropped)} earlier lines were dropped` : ""}</small></h2>
    <div class="log" tabindex="0" role="region" aria-label="Log">${lines.map((line) => html`<div key=${line.number}>
      <time title=${exact(line.at_ms)}>${exact(line.at_ms).slice(11, 19)}</time><span class="faint">${line.attempt}</span><code class="break">${visible(line.text)}</code></div>`)}</div></section>`;
}
