// Text to copy with one click.
import { html, useEffect, useState } from "../html.js";
import { visible } from "../visible.js";

const SAID_MS = 1_500;

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

// Pages that are served by plain HTTP from another machine have no clipboard of their own.
function copyBySelection(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

export function useCopy() {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return undefined;
    const end = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(end);
  }, [said]);
  const copy = async (text) => setSaid((await copyText(text)) ? "copied" : "not copied");
  return [said, copy];
}

// A command for a terminal.
export function Command({ text }) {
  const [said, copy] = useCopy();
  return html`<button class="copy" title="Copy this command" onClick=${() => copy(text)}>
    <code>${visible(text)}</code><span class="said" role="status">${said || "copy"}</span>
  </button>`;
}
