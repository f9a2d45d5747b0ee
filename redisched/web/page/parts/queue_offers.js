// What can be done to a queue as a whole.
import { actOnOne, propose } from "../acts.js";
import { html } from "../html.js";

const HOUR_S = 3_600;
const PAUSE = ["queue_pause", "Pause", "Workers take nothing of it until somebody resumes it; what runs goes on."];
const RESUME = ["queue_resume", "Resume", "Workers take its tasks again."];
const OTHERS = [
  ["queue_pause", "Pause for 1 hour…", "Workers take nothing of it for an hour.", { duration_s: HOUR_S }],
  ["queue_drain", "Drain…", "Waits, an hour at most, until workers have worked it off. Nothing is changed."],
  ["queue_purge", "Purge…", "Deletes the tasks that wait or are dead. What runs goes on."],
];

// The first of them is done at once, as it changes no task.
export function QueueOffers({ queue, isPaused, close }) {
  const act = (index, action, given) => () => {
    if (index > 0) {
      propose({ action, queue, ...(given ? { arguments: given } : {}) });
    } else {
      close();
      actOnOne({ action, queue });
    }
  };
  return html`<dl class="offers">${[isPaused ? RESUME : PAUSE, ...OTHERS].map(([action, name, does, given], index) => html`<div key=${name}>
      <dt><button class=${action === "queue_purge" ? "danger" : ""} data-first=${index === 0 ? "" : null} onClick=${act(index, action, given)}>${name}</button></dt>
      <dd class="soft">${does}</dd></div>`)}</dl>
    <div class="buttons"><button onClick=${close}>Close</button></div>`;
}
