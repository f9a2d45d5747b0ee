// Texts of filters, as the API and the command line read them.
const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/;

export function term(field, value) {
  const text = String(value);
  return `${field}:${PLAIN.test(text) ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`}`;
}

export function filterOf(terms) {
  return Object.entries(terms).map(([field, value]) => (field === "state" ? `state:${value}` : term(field, value))).join(" ");
}

// The values of `state:` in a filter, null if it has none.
export function statesIn(filter) {
  const found = /(?:^|\s)state:([a-z,]+)(?=\s|$)/.exec(filter);
  return found ? found[1].split(",") : null;
}

export function withStates(filter, states) {
  const rest = filter.replace(/(^|\s)state:[a-z,]+(?=\s|$)/g, " ").trim().replace(/\s+/g, " ");
  return [states ? `state:${states}` : "", rest].filter(Boolean).join(" ");
}
