// What a component asks of the API: the latest answer stays while the next one is on its way, so that nothing jumps.
import { get } from "./api.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";
import { overview } from "./live.js";
import { makeStore } from "./store.js";

// How many actions have ended: what is shown is asked for again then.
export const changes = makeStore(0);

const SOONEST_MS = 2_000;
const USUAL_MS = 15_000;

const never = () => false;

// `path` null asks for nothing. Asked again every `everyMs`, by `again()`, when an action has ended, and if it is live
// when the overview changes; an answer for which `rests` is true is asked for again by `again()` and after actions alone.
export function useAsked(path, parameters = {}, { everyMs = USUAL_MS, isLive = true, rests = never } = {}) {
  const key = path === null ? "" : JSON.stringify([path, parameters]);
  const [asked, setAsked] = useState({ key: "", data: null, error: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(0);

  useEffect(() => {
    if (!key) return undefined;
    const [wanted, given] = JSON.parse(key);
    const controller = new AbortController();
    latest.current = performance.now();
    get(wanted, given, controller.signal).then(
      (data) => setAsked({ key, data, error: null }),
      (error) => {
        if (error.name === "AbortError") return;
        setAsked((before) => ({ key, data: before.key === key ? before.data : null, error }));
      },
    );
    return () => controller.abort();
  }, [key, turn]);

  const isCurrent = asked.key === key;
  const again = useCallback(() => setTurn((before) => before + 1), []);
  useEffect(() => (key ? changes.listen(again) : undefined), [key]);
  const isAtRest = isCurrent && rests(asked.data);
  useEffect(() => {
    if (!key || isAtRest) return undefined;
    let planned = 0;
    const soon = () => {
      if (planned || document.visibilityState !== "visible") return;
      const waitMs = Math.max(0, SOONEST_MS - (performance.now() - latest.current));
      planned = setTimeout(() => {
        planned = 0;
        again();
      }, waitMs);
    };
    const regular = setInterval(soon, everyMs);
    const stop = isLive ? overview.listen(soon) : () => {};
    return () => {
      clearInterval(regular);
      clearTimeout(planned);
      stop();
    };
  }, [key, everyMs, isLive, isAtRest]);

  return { data: isCurrent ? asked.data : null, error: isCurrent ? asked.error : null, isCurrent, again };
}
