// Text that other programs wrote: characters that are not seen, or that turn the direction of writing around, are shown
// as escapes.
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
const LINES = /[^\n\t]+/g;

export function escaped(character) {
  const code = character.codePointAt(0);
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
}

// On one line.
export function visible(text) {
  return String(text).replace(UNSEEN, escaped);
}

// With its line ends and tabs.
export function visibleLines(text) {
  return String(text).replaceAll("\r\n", "\n").replace(LINES, visible);
}

export function shortened(text, length) {
  const shown = visible(text.length > 4 * length ? text.slice(0, 4 * length) : text);
  return shown.length <= length ? shown : `${shown.slice(0, length - 1)}…`;
}

export const capitalized = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
