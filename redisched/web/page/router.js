// Where the visitor is: the part of the address behind the #, so that the page can be served below any path.
import { makeStore } from "./store.js";

function read() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  const parts = path.split("/").filter(Boolean).map(decoded);
  return { screen: parts[0] || "overview", rest: parts.slice(1), query: new URLSearchParams(query) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = makeStore(read());
addEventListener("hashchange", () => route.set(read()));

export function href(screen, rest = [], query = {}) {
  const path = [screen === "overview" ? "" : screen, ...rest.map(encodeURIComponent)].filter(Boolean).join("/");
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

export const tasksHref = (filter, after) => href("tasks", [], { filter, after });
export const taskHref = (task) => href("task", [task.id], { queue: task.queue });

export function go(address) {
  location.hash = address;
}

// The same place with another address, without a step to go back to.
export function replace(address) {
  history.replaceState(null, "", address);
  route.set(read());
}
