// The frame of all screens: where one can go, what keys do, and the token where one is needed.
import { setToken, tokenWanted } from "./api.js";
import { Help } from "./help.js";
import { html, useEffect, useState } from "./html.js";
import { useKeys } from "./keyboard.js";
import { live, overview, reconnect } from "./live.js";
import { whole } from "./numbers.js";
import { Palette } from "./palette.js";
import { ActionDialog, Toasts } from "./parts/acting.js";
import { Dialog } from "./parts/dialog.js";
import { Head } from "./parts/head.js";
import { Empty } from "./parts/notes.js";
import { HIDDEN_PLACES, PLACES } from "./places.js";
import { go, href, route } from "./router.js";
import { Shape } from "./states.js";
import { useStore } from "./store.js";
import { toggleTheme } from "./theme.js";
import { visible } from "./visible.js";
import { askWhoIAm, visitor } from "./visitor.js";

function Places({ screen, help }) {
  const now = useStore(overview);
  const who = useStore(visitor);
  return html`<nav class="places" aria-label="Screens">
    <a class="name" href=${href("overview")}>redisched</a>
    <ul>${PLACES.map((place) => html`<li key=${place.screen}>
      <a href=${href(place.screen)} aria-current=${place.screen === screen ? "page" : null}><span>${place.title}</span>
        ${place.screen === "dead" && now?.dead > 0 && html`<span class="number">${whole(now.dead)}</span>`}
        <kbd aria-hidden="true">${place.key}</kbd></a></li>`)}</ul>
    <div class="foot">
      ${who && html`<div>${visible(who.name)}${who.role === "reader" && ", may only read"}</div><div>redisched ${who.version}</div>`}
      <button class="plain" onClick=${help}><kbd>?</kbd> keys</button><br />
      <button class="plain" onClick=${toggleTheme}>light or dark</button>
    </div>
  </nav>`;
}

function TokenDialog({ sentence }) {
  const [secret, setSecret] = useState("");
  const enter = (event) => {
    event.preventDefault();
    setToken(secret.trim());
    reconnect();
  };
  return html`<${Dialog} title="This server wants a token" close=${() => {}}>
    <p class="soft">${visible(sentence)}</p>
    <form onSubmit=${enter}><label>Token<input type="password" autocomplete="current-password" data-first value=${secret}
      onInput=${(event) => setSecret(event.target.value)} /></label>
      <div class="buttons"><button class="main" disabled=${!secret.trim()}>Enter</button></div></form>
  <//>`;
}

function Nowhere() {
  return html`<${Head} title="Nothing here" /><div class="panel"><${Empty} title="There is no such screen">
    <a class="link" href=${href("overview")}>Go to the overview</a><//></div>`;
}

export function Shell() {
  const at = useStore(route);
  const token = useStore(tokenWanted);
  const { problem } = useStore(live);
  const [shown, show] = useState("");
  useEffect(() => {
    askWhoIAm();
    return route.listen(() => show(""));
  }, []);
  useEffect(() => {
    scrollTo(0, 0);
  }, [at.screen, at.rest.join("/")]);
  useKeys({
    "?": () => show("help"),
    "Ctrl-K": () => show("palette"),
    "g q": () => go(`${href("overview")}?at=queues`),
    ...Object.fromEntries(PLACES.map((place) => [place.key, () => go(href(place.screen))])),
  });
  const place = [...PLACES, ...HIDDEN_PLACES].find(({ screen }) => screen === at.screen);
  const Draw = place ? place.draw : Nowhere;
  return html`<a class="skip" href=${location.hash || "#/"} onClick=${(event) => { event.preventDefault(); document.querySelector("main").focus(); }}>To the content</a>
    <div class="frame"><${Places} screen=${place?.under ?? at.screen} help=${() => show("help")} />
    <main tabindex="-1">
      ${problem && !token && html`<div class="problem" role="alert"><${Shape} state="warning" /><p>${visible(problem)}</p></div>`}
      <${Draw} key=${`${at.screen}/${at.rest.join("/")}/${token ? "closed" : "open"}`} at=${at} /></main></div>
    <${Toasts} /><${ActionDialog} />
    ${token && html`<${TokenDialog} sentence=${token} />`}
    ${shown === "help" && html`<${Help} close=${() => show("")} />`}
    ${shown === "palette" && html`<${Palette} close=${() => show("")} />`}`;
}
