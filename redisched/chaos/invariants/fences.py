"""Checks that only the last lease of a task completes it, only once, and that each lease has a greater token."""

from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Claimed, Record, Settled, Start
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation
from redisched.store.values import Status


class OneCompletionIsAccepted(Invariant):
    """I3: the server accepts at most one completion of a task."""

    name = "I3"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._accepted: dict[Key, Settled] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Settled: self._settled}

    def _settled(self, record: Settled) -> Iterable[Violation]:
        if record.status is Status.ACKED:
            first = self._accepted.setdefault((record.queue, record.task), record)
            if first is not record:
                yield self.violated("two completions of a task were accepted", first, record)


class TheLastLeaseCompletes(Invariant):
    """I4: the accepted completion belongs to the lease with the greatest token."""

    name = "I4"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._claimed: dict[Key, Claimed] = {}
        self._accepted: dict[Key, Settled] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Claimed: self._claim, Settled: self._settled}

    def _claim(self, record: Claimed) -> Iterable[Violation]:
        key = (record.queue, record.task)
        last = self._claimed.get(key)
        if last is None or record.fence > last.fence:
            self._claimed[key] = record
        return self._compare(key)

    def _settled(self, record: Settled) -> Iterable[Violation]:
        if record.status is not Status.ACKED:
            return ()
        key = (record.queue, record.task)
        self._accepted[key] = record
        return self._compare(key)

    def _compare(self, key: Key) -> Iterator[Violation]:
        claimed, accepted = self._claimed.get(key), self._accepted.get(key)
        if claimed is not None and accepted is not None and claimed.fence != accepted.fence:
            yield self.violated("a completion was accepted that was not of the last lease", claimed, accepted)


class FencesGrow(Invariant):
    """I7: the tokens of a task's leases grow strictly, both as the server gave them and as handlers see them."""

    name = "I7"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._claimed: dict[Key, Claimed] = {}
        self._started: dict[Key, Start] = {}
        self._late: list[tuple[Start, Start]] = []
        self._over: set[tuple[Key, int]] = set()

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Claimed: self._claim, Start: self._start, Settled: self._settled}

    def finish(self) -> Iterator[Violation]:
        for last, late in self._late:
            if ((late.queue, late.task), late.fence) not in self._over:
                yield self.violated("a handler was given a smaller token than one before", last, late)

    def _claim(self, record: Claimed) -> Iterable[Violation]:
        key = (record.queue, record.task)
        last = self._claimed.get(key)
        if last is None or record.fence > last.fence:
            self._claimed[key] = record
        elif record.fence < last.fence or record.worker != last.worker:
            yield self.violated("a lease was given under a token that is not greater than the last", last, record)

    def _start(self, record: Start) -> Iterable[Violation]:
        key = (record.queue, record.task)
        last = self._started.get(key)
        if last is None or record.fence > last.fence:
            self._started[key] = record
        elif record.fence == last.fence:
            yield self.violated("two handlers were started under one token", last, record)
        else:
            # A worker that was suspended just before a start reports it late. That is harmless if its lease had ended.
            self._late.append((last, record))

    def _settled(self, record: Settled) -> Iterable[Violation]:
        if record.fence is not None and record.status is not Status.ACKED:
            self._over.add(((record.queue, record.task), record.fence))
        return ()
