// Values as Python writes them, since that is what handlers are written in.
import { escaped, UNSEEN } from "./visible.js";

const ESCAPES = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const MOST_DEPTH = 60;

function quoted(text) {
  return `"${text.replace(/[\\"\n\r\t]/g, (found) => ESCAPES[found]).replace(UNSEEN, escaped)}"`;
}

export function pythonText(value, depth = 0) {
  if (depth > MOST_DEPTH) return "...";
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map((one) => pythonText(one, depth + 1)).join(", ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value).map(([key, one]) => `${quoted(key)}: ${pythonText(one, depth + 1)}`);
    return `{${pairs.join(", ")}}`;
  }
  return String(value);
}

// A call that enqueues the same again.
export function codeOf(task) {
  const parts = [pythonText(task.name), ...(task.args || []).map((value) => pythonText(value))];
  if (Object.keys(task.kwargs || {}).length) parts.push(`kwargs=${pythonText(task.kwargs)}`);
  parts.push(`queue=${pythonText(task.queue)}`);
  if (task.priority !== null) parts.push(`priority=${task.priority}`);
  return `app.enqueue(${parts.join(", ")})`;
}
