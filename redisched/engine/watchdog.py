"""Notices handlers that go on long after they were told to end, and has their worker process replaced.

Neither a thread nor a handler that blocks the event loop can be ended from outside; only their process can. So the
process stops as if it was told to, and its supervisor begins another. Where not even a stop can begin, as the event
loop is blocked, the process is given up from the lease renewer's thread, in whose rounds all this happens.
"""

import logging
import math
from collections.abc import Callable

from redisched.engine.attempt import Attempt, AttemptPolicy
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.settler import edge_of
from redisched.engine.task_log import tell
from redisched.engine.worker_context import WorkerContext
from redisched.errors import HandlerTimedOut, Interruption
from redisched.store.operation import Operation

DEAF_S = 5.0
"""An event loop that has not heard for so long that its worker shall stop is blocked."""


class Watchdog:
    """Watches what runs. `running` and `stop` are the executor's and the worker's; both may be called from any thread.

    `stop` has the worker stop without waiting for the tasks it is given, and calls back once it has begun.
    """

    def __init__(
        self,
        context: WorkerContext,
        running: Callable[[], list[LeasedTask]],
        stop: Callable[[list[LeasedTask], Callable[[], None]], object],
    ) -> None:
        self._context = context
        self._policy = AttemptPolicy(context)
        self._running = running
        self._stop = stop
        self._seen_s: dict[LeasedTask, float] = {}
        self._told: dict[LeasedTask, tuple[float, type[Interruption]]] = {}
        self._heard_s = math.inf
        self._has_given_up = False

    def told(self, task: LeasedTask, kind: type[Interruption]) -> None:
        """Note that a handler is told to end; the first time counts."""
        self._told.setdefault(task, (self._context.clock.monotonic(), kind))

    def step(self) -> Operation[None]:
        """Look once. Called now and then, as a timeout counts from when a task was first seen to run."""
        now_s = self._context.clock.monotonic()
        self._seen_s = {task: self._seen_s.get(task, now_s) for task in self._running()}
        self._told = {task: told for task, told in self._told.items() if task in self._seen_s}
        stuck = [task for task in self._seen_s if now_s > self._patience_ends_s(task)]
        if not stuck or self._has_given_up:
            return
        if self._heard_s == math.inf:
            self._heard_s = now_s
            self._log_stuck(stuck)
        if now_s - self._heard_s > DEAF_S:
            yield from self._give_up(stuck)
        else:
            self._stop(stuck, self._was_heard)

    def _patience_ends_s(self, task: LeasedTask) -> float:
        entry = self._context.registry.get(task.body.name)
        if entry is None or entry.is_isolated:
            return math.inf
        timeout_ms = Attempt(entry, task).timeout_ms
        timed_out_s = self._seen_s[task] + timeout_ms / 1e3 if timeout_ms else math.inf
        told_s, _ = self._told.get(task, (math.inf, None))
        return min(timed_out_s, told_s) + self._context.worker_settings.stuck_after_s

    def _was_heard(self) -> None:
        self._heard_s = self._context.clock.monotonic()

    def _log_stuck(self, stuck: list[LeasedTask]) -> None:
        seconds = self._context.worker_settings.stuck_after_s
        for task in stuck:
            late = f"{seconds:g} s after it was told to end"
            tell(logging.CRITICAL, task, f"still runs {late}; stopping this process")

    def _give_up(self, stuck: list[LeasedTask]) -> Operation[None]:
        log.critical("the event loop is blocked; giving this process up")
        for task in stuck:
            _, kind = self._told.get(task, (0.0, HandlerTimedOut))
            settlement = self._policy.unended(task, kind).settlement
            if settlement is not None:
                yield from edge_of(self._context.store_of(task), type(settlement))([settlement])
        self._has_given_up = True
        self._context.started.abandon()
