"""Checks whether this process makes progress. It runs in the thread of the lease renewer, so that it also notices an
event loop that is blocked.

It takes several checks in a row to find a process stalled: a machine that was suspended, or is overloaded for some
seconds, is not.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

from redisched.engine.attempt import Attempt
from redisched.engine.completion import Settlement
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.stall import SENTENCES, Stall
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerRefused
from redisched.orders import WorkerState
from redisched.store.broker import Broker
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.store import Store
from redisched.store.survey import in_calls, longest_wait_ms, survey
from redisched.store.values import Release

STALLED_S = 30.0
"""So long nothing starts, or is claimed, before a process counts as stalled."""
OVERDUE_S = 10.0
"""So long all slots have been overdue before a process counts as stalled."""
GAP_S = 5.0
"""If two checks are further apart, the process itself was suspended, and nothing is known about the time between."""
LOOK_EVERY_S = 30.0
"""A process with free slots that has claimed nothing for STALLED_S asks Redis so often whether it should have."""
CALLS = 8
"""A look makes so many calls at most. On a cluster each shard takes one."""


class ProgressCheck:
    """Finds out why a process makes no progress, and notes it where its supervisor reads.

    `running` answers the tasks whose handlers run, and `state` what the process does about new ones. `ends` are all
    tasks that were settled, by kind. All are read from another thread.
    """

    def __init__(
        self,
        context: WorkerContext,
        broker: Broker,
        running: Callable[[], Sequence[LeasedTask]],
        state: Callable[[], WorkerState],
        ends: Counter[type[Settlement]],
    ) -> None:
        self._context = context
        self._broker = broker
        self._running = running
        self._state = state
        self._ends = ends
        self._since_s: dict[Stall, float] = {}
        self._checked_s = 0.0
        self._seen: tuple[int, frozenset[int]] = (0, frozenset())
        self._claimed = -1
        self._claimed_s = 0.0
        self._looked_s = 0.0
        self._has_waiting = False
        self._told = Stall.NONE

    def step(self) -> Operation[None]:
        """Check once. Raises BrokerUnavailable if Redis was asked and did not answer."""
        if not self._context.started.is_read:
            return
        now_s = self._context.clock.monotonic()
        if now_s - self._checked_s > GAP_S:
            self._since_s.clear()
            self._claimed_s = now_s
        self._checked_s = now_s
        running, state = self._running(), self._state()
        free = self._context.worker_settings.concurrency - len(running)
        works = state is WorkerState.WORKING
        self._hold(Stall.WINDOW, now_s, holds=works and free > 0 and self._starts_nothing(running))
        self._hold(Stall.OVERDUE, now_s, holds=works and free <= 0 and all(map(self._is_overdue, running)))
        self._note_claims(now_s, may_claim=works and free > 0)
        self._note(now_s)
        if now_s - self._claimed_s >= STALLED_S and now_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now_s
            self._has_waiting = yield from self._has_left_tasks()
            self._note(self._context.clock.monotonic())

    def _starts_nothing(self, running: Sequence[LeasedTask]) -> bool:
        """Whether tasks could start, and none has since the check before."""
        ended = sum(number for kind, number in list(self._ends.items()) if kind is not Release)
        before, self._seen = self._seen, (ended, frozenset(map(id, running)))
        return before == self._seen and self._context.window.can_start(self._context.server_now_ms())

    def _is_overdue(self, task: LeasedTask) -> bool:
        entry = self._context.registry.get(task.body.name)
        if entry is None or not task.started_ms:
            return False
        timeout_ms = Attempt(entry, task).timeout_ms
        if not timeout_ms:
            return False
        extended_s = 0.0 if task.time_limit is None else task.time_limit.extended_s
        most_ms = timeout_ms + extended_s * 1e3 + entry.options.timeout_grace_ms
        return self._context.server_now_ms() - task.started_ms > most_ms

    def _note_claims(self, now_s: float, *, may_claim: bool) -> None:
        """Note since when the process could have claimed tasks and has not."""
        claimed = self._context.in_flight.added
        if claimed != self._claimed or not may_claim:
            self._claimed, self._claimed_s, self._has_waiting = claimed, now_s, False

    def _has_left_tasks(self) -> Operation[bool]:
        """Whether a task of a queue that is not paused has been due all the time."""
        context, runner = self._context, self._broker.script_runner
        for stores in islice(in_calls(list(context.stores.values()), self._broker.group_of), CALLS):
            reports = yield from survey(runner, context.worker, stores)
            for store, report in zip(stores, reports, strict=True):
                is_due = report.next_due_ms is not None and report.next_due_ms <= report.now_ms
                # What Redis refuses to let it claim, the log says; its other queues may be served.
                if is_due and store not in context.refused_claims:
                    waits_ms = yield from _wait_ms(runner, store)
                    if waits_ms >= STALLED_S * 1e3:
                        return True
        return False

    def _hold(self, stall: Stall, now_s: float, *, holds: bool) -> None:
        if holds:
            self._since_s.setdefault(stall, now_s)
        else:
            self._since_s.pop(stall, None)

    def _note(self, now_s: float) -> None:
        """Tell the supervisor, and the log once."""
        stall, since_s = Stall.NONE, 0.0
        for found, after_s in ((Stall.OVERDUE, OVERDUE_S), (Stall.WINDOW, STALLED_S)):
            if now_s - self._since_s.get(found, now_s) >= after_s:
                stall, since_s = found, self._since_s[found]
        if stall is Stall.NONE and self._has_waiting:
            stall, since_s = Stall.UNCLAIMED, self._claimed_s
        self._context.started.note_stall(stall, since_s)
        if stall is not self._told:
            self._told = stall
            if stall is Stall.NONE:
                log.info("worker %s makes progress again", self._context.worker)
            else:
                log.error("worker %s makes no progress: %s", self._context.worker, SENTENCES[stall])


def _wait_ms(runner: ScriptRunner, store: Store) -> Operation[int]:
    """For how long the first task of a shard has been due. A queue that Redis refuses to use has none to claim."""
    try:
        return (yield from longest_wait_ms(runner, store))
    except BrokerRefused:
        return 0
