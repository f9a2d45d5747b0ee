// A search through tasks: one answer of the API looks at a limited number, so it is asked on until there is enough.
import { get } from "./api.js";
import { useEffect, useRef, useState } from "./html.js";
import { useAsked } from "./loading.js";

// Nobody is asked while the page is not seen.
function untilSeen(signal) {
  if (document.visibilityState === "visible" || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(untilSeen(signal)), { once: true });
    signal.addEventListener("abort", resolve, { once: true });
  });
}

// As `useAsked`. `more` says with which parameters an answer is followed by the next one, null if it is enough, and
// `merge` puts that to it. `isGoing` is whether it is still asked on; `stop` ends that, `goOn` goes on. What took several
// answers is not asked for anew but by `again`, and when an action has ended.
export function useSearched(path, parameters, { more, merge }) {
  const first = useAsked(path, parameters, { rests: (data) => data !== null && more(data) !== null });
  const [grown, setGrown] = useState({ of: null });
  const controller = useRef(null);

  const search = async (from, signal) => {
    const told = { of: first.data, data: from, isGoing: true, error: null, answers: 2 };
    setGrown({ ...told });
    try {
      for (let next = more(told.data); next !== null; next = more(told.data)) {
        await untilSeen(signal);
        const answer = await get(path, { ...parameters, ...next }, signal);
        told.data = merge(told.data, answer);
        setGrown({ ...told });
      }
    } catch (error) {
      if (error.name !== "AbortError") told.error = error;
    }
    if (controller.current?.signal === signal) setGrown({ ...told, isGoing: false });
  };
  const goOn = (from) => {
    controller.current?.abort();
    controller.current = new AbortController();
    search(from, controller.current.signal);
  };
  useEffect(() => {
    if (first.data && more(first.data) !== null) goOn(first.data);
    return () => {
      const before = controller.current;
      controller.current = null;
      before?.abort();
    };
  }, [first.data]);

  const isGrown = first.data !== null && grown.of === first.data;
  const data = isGrown ? grown.data : first.data;
  return {
    data,
    isEnough: data !== null && more(data) === null,
    error: first.error ?? (isGrown ? grown.error : null),
    again: first.error || !isGrown ? first.again : () => goOn(data),
    isGoing: isGrown && grown.isGoing,
    isLong: isGrown,
    stop: () => controller.current?.abort(),
    goOn: () => goOn(data),
    anew: first.again,
  };
}
