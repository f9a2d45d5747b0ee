// Keys: one table of what each does, which the page of help shows, too.
import { useLayoutEffect, useRef } from "./html.js";

const FIRST_KEY_MS = 1_200;
const bound = [];
let first = "";
let firstAt = 0;

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable
    || (target.matches("input, textarea, select") && !target.matches("[type=checkbox]")));
}

function pressed(event) {
  if (event.altKey || event.defaultPrevented) return;
  const name = event.key;
  if ((event.ctrlKey || event.metaKey) && name.toLowerCase() === "k") return run("Ctrl-K", event);
  if (event.ctrlKey || event.metaKey) return;
  if (name === "Escape") return run("Esc", event);
  if (isTyping(event.target) || name.length !== 1 && name !== "Enter") return;
  if (name === "Enter" && event.target.closest("a, button, summary, input, [role=option]")) return;
  const two = first && performance.now() - firstAt < FIRST_KEY_MS ? `${first} ${name}` : "";
  first = "";
  if (two && run(two, event)) return;
  if (bound.some(({ keys }) => [...keys.keys()].some((known) => known.startsWith(`${name} `)))) {
    first = name;
    firstAt = performance.now();
  }
  run(name, event);
}

// What was bound last comes first: a dialog before the screen, the screen before the shell.
function run(name, event) {
  for (const { keys, isModal } of [...bound].reverse()) {
    const act = keys.get(name);
    if (act) {
      event.preventDefault();
      act();
      return true;
    }
    if (isModal) return true;
  }
  return false;
}

addEventListener("keydown", pressed);

// Bind keys while a component is shown, from before it is painted: whoever sees it may press a key at once. A modal one
// keeps all other keys from what is below it.
export function useKeys(actions, { isModal = false } = {}) {
  const latest = useRef(actions);
  latest.current = actions;
  const names = Object.keys(actions).join(",");
  useLayoutEffect(() => {
    const keys = new Map(names.split(",").map((name) => [name, () => latest.current[name]()]));
    const binding = { keys, isModal };
    bound.push(binding);
    return () => bound.splice(bound.indexOf(binding), 1);
  }, [names, isModal]);
}
