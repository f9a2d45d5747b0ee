"""Checks the order of claims: tasks of a better priority first, and tasks of the same priority in turn."""

import heapq
from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import inf

from redisched.chaos.history.record import Claimed, Record, Settled, Start, Unanswered, Waiting
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation
from redisched.store.values import Status

_ENDED = frozenset({Status.ACKED, Status.CANCELLED})
_GAVE_BACK = frozenset({Status.RELEASED, Status.RETRIED, Status.RECOVERED, Status.REVIVED})


class NoBetterTaskIsPassedOver(Invariant):
    """I8: a claim does not pass over a task of a better priority that has been due for `staleness_ms`.

    That such a task was waiting is only certain when it is claimed or cancelled later. If a claim without an observed
    reply came in between, another worker may have held the task, so no violation is reported.
    """

    name = "I8"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._bands: dict[str, dict[int, list[tuple[float, str]]]] = defaultdict(lambda: defaultdict(list))
        self._waiting: dict[Key, tuple[float, Waiting | Settled]] = {}
        self._passed_over: dict[Key, Claimed] = {}
        self._priorities: dict[Key, int] = {}
        self._claimed_early: set[Key] = set()
        self._fences: dict[Key, int] = {}
        self._unseen_ms: dict[str, float] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {
            Waiting: self._wait,
            Claimed: self._claim,
            Settled: self._settled,
            Unanswered: self._unanswered,
        }

    def _wait(self, record: Waiting) -> Iterable[Violation]:
        key = (record.queue, record.task)
        if key in self._claimed_early:
            # The claim of this task was recorded before the record that it waits.
            self._claimed_early.remove(key)
        else:
            self._priorities[key] = record.priority
            self._add(record, record.due_ms)
        return ()

    def _settled(self, record: Settled) -> Iterator[Violation]:
        key = (record.queue, record.task)
        if record.fence is not None and record.fence < self._fences.get(key, 0):
            # The end of an earlier lease, recorded after the next one began. The task does not wait because of it.
            return
        if record.status is Status.CANCELLED and record.fence is None:
            yield from self._was_there(key)
        self._forget(key)
        if record.status in _ENDED:
            self._priorities.pop(key, None)
            self._fences.pop(key, None)
        elif record.due_ms is not None and key in self._priorities:
            self._add(record, record.due_ms)

    def _claim(self, record: Claimed) -> Iterator[Violation]:
        key = (record.queue, record.task)
        yield from self._was_there(key)
        self._forget(key)
        if key not in self._priorities:
            self._claimed_early.add(key)
        self._priorities[key] = record.priority
        self._fences[key] = record.fence
        for priority, band in self._bands[record.queue].items():
            first = self._first_in(record.queue, band) if priority <= record.priority else None
            if first is not None and priority < record.priority:
                ready_ms, waiting = first
                if ready_ms + self.tolerances.staleness_ms < record.at_ms:
                    self._passed_over.setdefault((record.queue, waiting.task), record)

    def _unanswered(self, record: Unanswered) -> Iterable[Violation]:
        if record.edge == "claim":
            self._unseen_ms[record.queue] = record.at_ms
        return ()

    def _was_there(self, key: Key) -> Iterator[Violation]:
        """Yield a violation if a claim passed over this task. Call it when it is certain that the task waited."""
        passing = self._passed_over.get(key)
        if passing is not None:
            _, waiting = self._waiting[key]
            if self._unseen_ms.get(waiting.queue, -inf) < waiting.at_ms:
                yield self.violated("a task was claimed though a better one was due", waiting, passing)

    def _forget(self, key: Key) -> None:
        self._waiting.pop(key, None)
        self._passed_over.pop(key, None)

    def _add(self, record: Waiting | Settled, due_ms: float) -> None:
        key = (record.queue, record.task)
        ready_ms = max(due_ms, record.at_ms)
        self._waiting[key] = (ready_ms, record)
        heapq.heappush(self._bands[record.queue][self._priorities[key]], (ready_ms, record.task))

    def _first_in(self, queue: str, band: list[tuple[float, str]]) -> tuple[float, Waiting | Settled] | None:
        """The task that has been due longest in a band, None if there is none. Removes entries that no longer wait."""
        while band:
            ready_ms, task = band[0]
            waiting = self._waiting.get((queue, task))
            if waiting is not None and waiting[0] == ready_ms:
                return waiting
            heapq.heappop(band)
        return None


class EqualTasksStartInTurn(Invariant):
    """I9: a task that was never given back is overtaken by at most `overtakers` tasks of its priority.

    The order is that of the fencing tokens, which follow the order of claims. The order of starts would not do: a slow
    worker may start a task later than others start tasks that they claimed after it. Tasks that may have been given
    back by a call without an observed reply are not checked.
    """

    name = "I9"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._started: dict[tuple[str, int], list[tuple[int, str, int]]] = defaultdict(list)
        self._fences: dict[Key, int] = {}
        self._given_back: set[Key] = set()
        self._unseen_ms: dict[str, float] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {
            Claimed: self._claim,
            Settled: self._settled,
            Unanswered: self._unanswered,
            Start: self._start,
        }

    def _claim(self, record: Claimed) -> Iterable[Violation]:
        key = (record.queue, record.task)
        # The end of the previous lease may be recorded later than this claim.
        if self._fences.setdefault(key, record.fence) != record.fence:
            self._given_back.add(key)
        return ()

    def _settled(self, record: Settled) -> Iterable[Violation]:
        key = (record.queue, record.task)
        if record.status in _GAVE_BACK:
            self._given_back.add(key)
        elif record.status in _ENDED:
            self._fences.pop(key, None)
            self._given_back.discard(key)
        return ()

    def _unanswered(self, record: Unanswered) -> Iterable[Violation]:
        self._unseen_ms[record.queue] = record.at_ms
        return ()

    def _start(self, record: Start) -> Iterable[Violation]:
        if record.attempt > 1 or (record.queue, record.task) in self._given_back:
            return
        started = self._started[record.queue, record.priority]
        turn = (record.run_at_ms, record.task, record.fence)
        insort(started, turn)
        later = started[bisect(started, turn) :]
        # Later starts than these are not needed: `overtakers` + 1 of them already make a violation.
        del started[: -self.tolerances.overtakers - 1]
        overtakers = sum(fence < record.fence for _, _, fence in later)
        was_seen = self._unseen_ms.get(record.queue, -inf) < record.run_at_ms
        if overtakers > self.tolerances.overtakers and was_seen:
            allowed = self.tolerances.overtakers
            yield self.violated(f"more than {allowed} tasks of the same priority started out of turn before it", record)
