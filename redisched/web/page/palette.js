// Ctrl-K: go anywhere by a few letters.
import { filterOf } from "./filters.js";
import { html, useState } from "./html.js";
import { useAsked } from "./loading.js";
import { Dialog } from "./parts/dialog.js";
import { PLACES } from "./places.js";
import { go, href, tasksHref } from "./router.js";
import { STATES } from "./states.js";
import { toggleTheme } from "./theme.js";
import { visible } from "./visible.js";

const MOST = 9;

function everything(queues, text) {
  const found = [
    ...PLACES.map((place) => ({ name: place.title, kind: "screen", go: href(place.screen) })),
    { name: "Audit", kind: "screen", go: href("audit") },
    ...queues.map(({ queue }) => ({ name: queue, kind: "queue", go: tasksHref(filterOf({ queue })) })),
    ...STATES.map((state) => ({ name: `${state} tasks`, kind: "filter", go: tasksHref(`state:${state}`) })),
    { name: "Light or dark", kind: "theme", act: toggleTheme },
  ];
  const wanted = text.trim().toLowerCase();
  const fitting = found.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, MOST);
  if (!wanted) return fitting;
  const tasks = { name: `Tasks that match ${text.trim()}`, kind: "filter", go: tasksHref(text.trim()) };
  const isId = /^[!-~]{1,200}$/.test(text.trim()) && !text.includes(":");
  return [...fitting, tasks, ...(isId ? [{ name: `Task ${text.trim()}`, kind: "id", go: href("task", [text.trim()]) }] : [])];
}

export function Palette({ close }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const queues = useAsked("/queues", { limit: 200 }, { isLive: false });
  const found = everything(queues.data?.queues ?? [], text);
  const chosen = Math.min(at, found.length - 1);
  const choose = (one) => {
    close();
    if (one.act) one.act();
    else go(one.go);
  };
  const key = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
    } else if (event.key === "Enter" && found[chosen]) {
      event.preventDefault();
      choose(found[chosen]);
    }
  };
  return html`<${Dialog} title="Go to" isTitled=${false} kind="palette" close=${close}>
    <input type="text" role="combobox" aria-expanded="true" aria-controls="found" aria-activedescendant=${`found-${chosen}`} aria-label="Go to"
      placeholder="A screen, a queue, a task, a filter …" autocomplete="off" spellcheck=${false} value=${text}
      onInput=${(event) => { setText(event.target.value); setAt(0); }} onKeyDown=${key} />
    <ul id="found" role="listbox" aria-label="Where to go">${found.map((one, index) => html`<li key=${one.kind + one.name} id=${`found-${index}`} role="option"
      aria-selected=${index === chosen ? "true" : "false"} onClick=${() => choose(one)}><span class="break">${visible(one.name)}</span><small class="soft">${one.kind}</small></li>`)}</ul>
  <//>`;
}
