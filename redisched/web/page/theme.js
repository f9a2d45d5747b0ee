// Light or dark: as the system says, until the visitor chooses.
import { makeStore } from "./store.js";

const CHOSEN = "redisched.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function current() {
  return document.documentElement.dataset.theme || (system.matches ? "dark" : "light");
}

export const theme = makeStore(current());
system.addEventListener("change", () => theme.set(current()));

export function toggleTheme() {
  const next = current() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(CHOSEN, next);
  } catch {
    // It lasts as long as the page then.
  }
  theme.set(next);
}
