// A dialog above the page: it takes the focus, keeps it, and gives it back.
import { html, useId, useLayoutEffect, useRef } from "../html.js";
import { useKeys } from "../keyboard.js";

const FOCUSABLE = "button:not(:disabled), input, select, a[href]";

export function Dialog({ title, close, kind = "", isTitled = true, children }) {
  const box = useRef(null);
  const id = useId();
  useKeys({ Esc: close }, { isModal: true });
  // Before the dialog is painted: whoever sees it may press a key at once.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const first = box.current.querySelector("[data-first]") ?? box.current.querySelector("input, button");
    (first || box.current).focus();
    return () => before instanceof HTMLElement && before.isConnected && before.focus();
  }, []);
  const keep = (event) => {
    if (event.key !== "Tab") return;
    const all = [...box.current.querySelectorAll(FOCUSABLE)];
    const last = event.shiftKey ? all[0] : all[all.length - 1];
    if (document.activeElement === last || all.length === 0) {
      event.preventDefault();
      (event.shiftKey ? all[all.length - 1] : all[0])?.focus();
    }
  };
  return html`<div class="veil" onClick=${(event) => event.target === event.currentTarget && close()}>
    <div ref=${box} class=${`dialog ${kind}`} role="dialog" aria-modal="true" tabindex="-1" onKeyDown=${keep}
      aria-label=${isTitled ? null : title} aria-labelledby=${isTitled ? id : null}>
      ${isTitled && html`<h2 id=${id}>${title}</h2>`}${children}
    </div>
  </div>`;
}
