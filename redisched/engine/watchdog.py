"""Notices handlers that still run long after they were interrupted, and lets the supervisor replace their process.

A thread, or a handler that blocks the event loop, cannot be ended from outside; only its process can. So the worker
stops as if it had been told to, and its supervisor starts another. If the event loop is blocked, the worker cannot
stop: then the process is killed. The watchdog runs in the lease renewer's thread, as part of its rounds.
"""

import logging
import math
from collections.abc import Callable

from redisched.engine.attempt import Attempt, AttemptPolicy
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.settler import edge_of
from redisched.engine.task_log import log_about
from redisched.engine.worker_context import WorkerContext
from redisched.errors import HandlerTimedOut, Interruption
from redisched.store.operation import Operation

DEAF_S = 5.0
"""If the event loop has not started the stop after so long, it is blocked."""


class Watchdog:
    """Watches running handlers. `running` answers the running tasks. `stop` makes the worker stop without waiting for
    the given tasks, and calls back once the stop has begun. Both can be called from any thread.
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
        self._running_since_s: dict[LeasedTask, float] = {}
        self._interrupted: dict[LeasedTask, tuple[float, type[Interruption]]] = {}
        self._loop_responded_s = math.inf
        self._has_given_up = False

    def note_interruption(self, task: LeasedTask, kind: type[Interruption]) -> None:
        """Note that a handler is interrupted. Only the first interruption of a task counts."""
        self._interrupted.setdefault(task, (self._context.clock.monotonic(), kind))

    def step(self) -> Operation[None]:
        """Check all running handlers. Must be called regularly: a timeout counts from the check that first saw the task
        run.
        """
        now_s = self._context.clock.monotonic()
        self._running_since_s = {task: self._running_since_s.get(task, now_s) for task in self._running()}
        self._interrupted = {
            task: interrupted for task, interrupted in self._interrupted.items() if task in self._running_since_s
        }
        stuck = [task for task in self._running_since_s if now_s > self._stuck_from_s(task)]
        if not stuck or self._has_given_up:
            return
        if self._loop_responded_s == math.inf:
            self._loop_responded_s = now_s
            self._log_stuck(stuck)
        if now_s - self._loop_responded_s > DEAF_S:
            yield from self._give_up(stuck)
        else:
            self._stop(stuck, self._stop_has_begun)

    def _stuck_from_s(self, task: LeasedTask) -> float:
        entry = self._context.registry.get(task.body.name)
        if entry is None or entry.is_isolated:
            return math.inf
        timeout_ms = Attempt(entry, task).timeout_ms
        timed_out_s = self._running_since_s[task] + timeout_ms / 1e3 if timeout_ms else math.inf
        if task.time_limit is not None:
            timed_out_s += task.time_limit.extended_s
        interrupted_s, _ = self._interrupted.get(task, (math.inf, None))
        return min(timed_out_s, interrupted_s) + self._context.worker_settings.stuck_after_s

    def _stop_has_begun(self) -> None:
        self._loop_responded_s = self._context.clock.monotonic()

    def _log_stuck(self, stuck: list[LeasedTask]) -> None:
        seconds = self._context.worker_settings.stuck_after_s
        for task in stuck:
            late = f"{seconds:g} s after it was told to end"
            log_about(logging.CRITICAL, task, f"still runs {late}; stopping this process")

    def _give_up(self, stuck: list[LeasedTask]) -> Operation[None]:
        log.critical("the event loop is blocked; giving this process up")
        for task in stuck:
            _, kind = self._interrupted.get(task, (0.0, HandlerTimedOut))
            settlement = self._policy.unended(task, kind).settlement
            if settlement is not None:
                yield from edge_of(self._context.store_of(task), type(settlement))([settlement])
        self._has_given_up = True
        self._context.started.abandon()
