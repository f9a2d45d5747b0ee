// The row that keys act on: j and k move it, Enter opens it.
import { useEffect, useState } from "../html.js";
import { useKeys } from "../keyboard.js";

export function useRows(number, open) {
  const [at, setAt] = useState(-1);
  const current = Math.min(at, number - 1);
  const move = (to) => {
    if (number) setAt(Math.max(0, Math.min(number - 1, to)));
  };
  useKeys({ j: () => move(current + 1), k: () => move(current < 0 ? 0 : current - 1), Enter: () => current >= 0 && open(current) });
  useEffect(() => {
    if (current >= 0) document.querySelector("tr.current")?.scrollIntoView({ block: "nearest" });
  }, [current]);
  return {
    current, move,
    of: (index) => ({ class: index === current ? "current" : null, "aria-current": index === current ? "true" : null }),
  };
}
