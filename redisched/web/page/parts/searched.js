// How far a search through many tasks is; it can be stopped, go on, and begin anew.
import { html } from "../html.js";
import { whole } from "../numbers.js";

export function Searched({ asked, found }) {
  const ofAbout = found.of_about ? ` of about ${whole(found.of_about)}` : "";
  if (asked.isGoing) {
    return html`<p class="soft searched">Looked at ${whole(found.looked_at)}${ofAbout}, going on… <button onClick=${asked.stop}>Stop</button></p>`;
  }
  if (!asked.isLong) return null;
  if (found.next && !asked.isEnough) {
    return html`<p class="soft searched">Stopped after a look at ${whole(found.looked_at)}${ofAbout}. <button onClick=${asked.goOn}>Go on</button></p>`;
  }
  return html`<p class="soft searched">This took a look at ${whole(found.looked_at)} tasks. <button onClick=${asked.anew}>Look again</button></p>`;
}
