"""Notices queues that no worker serves, or that are paused, for all callers of an application that wait for a task.

However many callers wait, Redis is asked about a queue once in a while, and the log says it once in a while.
"""

from typing import TYPE_CHECKING

from redisched.lazy import LazyModule
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, RetryPolicy, ScriptRunner, with_retries
from redisched.store.serving import is_served

if TYPE_CHECKING:
    import logging
else:
    logging = LazyModule("logging")

ASK_AGAIN_S = 10.0
MISSING_FOR_S = 1.0
"""How long it is believed that a queue has no worker, or is paused, so that the end of this is soon known of."""
SAY_AGAIN_S = 60.0


class MissingWorkers:
    """What is known of the workers of each queue. Times are in monotonic seconds."""

    def __init__(self) -> None:
        self._ask_s: dict[str, float] = {}
        self._say_s: dict[str, float] = {}
        self._sentences: dict[str, str] = {}

    def sentence(
        self, script_runner: ScriptRunner, retry_policy: RetryPolicy, queue: str, task_id: str, now_s: float
    ) -> Operation[str]:
        """A sentence that says that the queue of this task is paused, or that no worker serves it; "" if one does, or
        while that is asked.
        """
        if now_s >= self._ask_s.get(queue, now_s):
            # This is noted before the answer, so that no other caller asks meanwhile.
            self._ask_s[queue] = now_s + ASK_AGAIN_S
            self._sentences[queue] = yield from with_retries(lambda: _reason(script_runner, queue), retry_policy)
            if self._sentences[queue]:
                self._ask_s[queue] = now_s + MISSING_FOR_S
        sentence = self._sentences.get(queue, "")
        if sentence and now_s >= self._say_s.get(queue, now_s):
            self._say_s[queue] = now_s + SAY_AGAIN_S
            advice = f"redisched queue resume {queue}" if sentence == _paused(queue) else "redisched worker MODULE:APP"
            logging.getLogger("redisched").warning("%s; task %s waits: %s", sentence, task_id, advice)
        return sentence


def _reason(script_runner: ScriptRunner, queue: str) -> Operation[str]:
    if (yield from Inspector(script_runner, queue).pause()) is not None:
        return _paused(queue)
    return "" if (yield from is_served(script_runner, queue)) else f"no worker serves queue {queue} yet"


def _paused(queue: str) -> str:
    return f"queue {queue} is paused"
