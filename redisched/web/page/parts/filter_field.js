// The field of a filter. While one writes, the words that may come next are offered.
import { term } from "../filters.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { useAsked } from "../loading.js";
import { STATES } from "../states.js";
import { visible } from "../visible.js";

const FIELDS = ["state", "queue", "name", "id", "priority", "error", "reason", "group", "age", "worker", "since", "arg."];
const MOST = 8;

function offered(text, queues) {
  const word = /\S*$/.exec(text)[0];
  if (!word) return [];
  const minus = word.startsWith("-") ? "-" : "";
  const plain = word.slice(minus.length);
  const [field, value] = plain.includes(":") ? [plain.slice(0, plain.indexOf(":")), plain.slice(plain.indexOf(":") + 1)] : [plain, null];
  if (value === null) return FIELDS.filter((one) => one.startsWith(field) && one !== field).map((one) => minus + (one.endsWith(".") ? one : `${one}:`));
  const last = value.split(",").pop();
  const before = value.slice(0, value.length - last.length);
  const values = field === "state" ? [...STATES, "pending", "any"] : field === "queue" ? queues : [];
  return values.filter((one) => one.startsWith(last) && one !== last)
    .map((one) => `${minus}${before ? `${field}:${before}${one}` : term(field, one)} `);
}

export function FilterField({ filter, apply }) {
  const [text, setText] = useState(filter);
  const [chosen, choose] = useState(-1);
  const [isOpen, open] = useState(false);
  const field = useRef(null);
  const queues = useAsked(isOpen ? "/queues" : null, { limit: 200 }, { isLive: false });
  useEffect(() => setText(filter), [filter]);
  const all = isOpen ? offered(text, (queues.data?.queues ?? []).map(({ queue }) => queue)).slice(0, MOST) : [];
  const take = (word) => {
    setText(text.replace(/\S*$/, word));
    choose(-1);
    field.current.focus();
  };
  const key = (event) => {
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
      event.preventDefault();
      choose((chosen + (event.key === "ArrowDown" ? 1 : all.length)) % all.length);
    } else if ((event.key === "Tab" || event.key === "Enter") && all[chosen]) {
      event.preventDefault();
      take(all[chosen]);
    } else if (event.key === "Escape") {
      open(false);
      field.current.blur();
    }
  };
  const submit = (event) => {
    event.preventDefault();
    open(false);
    apply(text.trim());
  };
  return html`<form class="filter" role="search" onSubmit=${submit}>
    <input ref=${field} id="filter" type="search" role="combobox" aria-label="Filter" aria-expanded=${all.length ? "true" : "false"} aria-controls="offered"
      aria-autocomplete="list" aria-activedescendant=${chosen >= 0 && all[chosen] ? `offered-${chosen}` : null} autocomplete="off" spellcheck=${false}
      placeholder="state:dead name:send_* error:Timeout queue:mail arg.order_id:42 age:>1h" value=${text}
      onInput=${(event) => { setText(event.target.value); open(true); choose(-1); }} onKeyDown=${key} onBlur=${() => setTimeout(() => open(false), 150)} />
    <button>Filter</button>
    <ul id="offered" role="listbox" aria-label="Words that may come next" hidden=${!all.length}>${all.map((word, index) => html`
      <li key=${word} id=${`offered-${index}`} role="option" aria-selected=${index === chosen ? "true" : "false"} onMouseDown=${(event) => { event.preventDefault(); take(word); }}>${visible(word)}</li>`)}</ul>
  </form>`;
}
