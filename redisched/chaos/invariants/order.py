"""The better priority first, and within a priority one after the other."""

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
    """I8: at each claim, no task of a better priority that had been due for a while was left where it was.

    That it was there shows when it is claimed later, or cancelled; unless a claim was made meanwhile whose answer
    nobody saw: it may have been in somebody's hands.
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
            # A worker was faster than whoever wrote down that there is something to claim.
            self._claimed_early.remove(key)
        else:
            self._priorities[key] = record.priority
            self._add(record, record.due_ms)
        return ()

    def _settled(self, record: Settled) -> Iterator[Violation]:
        key = (record.queue, record.task)
        if record.fence is not None and record.fence < self._fences.get(key, 0):
            # The end of an earlier lease, heard of after the next one had begun: nothing waits because of it.
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
        """Call when a task turns out to have waited until now."""
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
        """What has been due for longest in a band; what was claimed meanwhile is swept out."""
        while band:
            ready_ms, task = band[0]
            waiting = self._waiting.get((queue, task))
            if waiting is not None and waiting[0] == ready_ms:
                return waiting
            heapq.heappop(band)
        return None


class EqualTasksStartInTurn(Invariant):
    """I9: of tasks of one priority that were never given back, none is overtaken by more than a few.

    Told by fences, which are in the order of claims: a worker that stands still, or is slow, starts what it has later
    than others what they claimed after it. A task may also have been given back by a call whose answer nobody saw.
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
        # The end of the lease before may be written down later than this one.
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
        # More than one too many need not be known of.
        del started[: -self.tolerances.overtakers - 1]
        overtakers = sum(fence < record.fence for _, _, fence in later)
        was_seen = self._unseen_ms.get(record.queue, -inf) < record.run_at_ms
        if overtakers > self.tolerances.overtakers and was_seen:
            allowed = self.tolerances.overtakers
            yield self.violated(f"more than {allowed} tasks of the same priority started out of turn before it", record)
