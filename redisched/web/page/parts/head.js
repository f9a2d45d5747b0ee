// The head of every screen: its title, the search, and whether the page is live.
import { html, useEffect, useState } from "../html.js";
import { useKeys } from "../keyboard.js";
import { live } from "../live.js";
import { lookUp } from "../looking_up.js";
import { useStore } from "../store.js";
import { coarse } from "../times.js";

function useSeconds(isOn) {
  const [, setTurn] = useState(0);
  useEffect(() => {
    if (!isOn) return undefined;
    const turning = setInterval(() => setTurn((before) => before + 1), 1_000);
    return () => clearInterval(turning);
  }, [isOn]);
}

export function Live() {
  const { state, at } = useStore(live);
  const isLost = state === "lost" || state === "connecting";
  useSeconds(isLost);
  const sinceMs = performance.now() - at;
  if (isLost && sinceMs > 2_000) {
    return html`<span class="live lost" role="status">last update ${coarse(Math.floor(sinceMs / 1_000) * 1_000)} ago</span>`;
  }
  return html`<span class=${state === "paused" ? "live paused" : "live"} role="status">${state === "paused" ? "paused" : "live"}</span>`;
}

export function Search() {
  const [text, setText] = useState("");
  useKeys({ "/": () => document.getElementById("search")?.focus() });
  const submit = (event) => {
    event.preventDefault();
    lookUp(text);
  };
  return html`<form class="search" role="search" onSubmit=${submit}>
    <input id="search" type="search" autocomplete="off" spellcheck=${false} aria-label="Search tasks by a filter, an id or a handler"
      placeholder="state:dead name:send_* error:Timeout …" value=${text} onInput=${(event) => setText(event.target.value)} />
    <kbd aria-hidden="true">/</kbd>
  </form>`;
}

export function Head({ title, isSearched = true, children }) {
  useEffect(() => {
    document.title = `${title} · redisched`;
  }, [title]);
  return html`<div class="head"><h1 tabindex="-1">${title}</h1>${isSearched && html`<${Search} />`}
    <div class="right">${children}<${Live} /></div></div>`;
}
