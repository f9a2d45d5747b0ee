"""Checks that tasks with the same unique key do not exist at the same time, as far as their executions show it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import End, Enqueue, Record, Start
from redisched.chaos.invariants.invariant import Invariant, Key, Listener, Tolerances, Violation

_Span = tuple[Start, Start | End]
"""The first start of a task, and the last record of one of its executions."""


class AKeyHasOneTask(Invariant):
    """I18: between the first start of a task with a unique key that is held until it is done and the end of its last
    execution, no other task with this key starts. It may seem to, by `disorder_ms`.

    No dead task may have been replayed.
    """

    name = "I18"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._keys: dict[Key, tuple[str, str]] = {}
        self._spans: dict[Key, _Span] = {}

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Enqueue: self._enqueue, Start: self._start, End: self._end}

    def finish(self) -> Iterator[Violation]:
        by_key: dict[tuple[str, str], list[_Span]] = defaultdict(list)
        for task, key in self._keys.items():
            if task in self._spans:
                by_key[key].append(self._spans[task])
        for spans in by_key.values():
            spans.sort(key=lambda span: span[0].at_ms)
            latest = spans[0]
            for span in spans[1:]:
                if span[0].at_ms < latest[1].at_ms - self.tolerances.disorder_ms:
                    yield self.violated("two tasks with one key lived at the same time", latest[1], span[0])
                latest = max(latest, span, key=lambda one: one[1].at_ms)

    def _enqueue(self, record: Enqueue) -> Iterable[Violation]:
        if record.unique_key:
            self._keys[record.queue, record.task] = record.queue, record.unique_key
        return ()

    def _start(self, record: Start) -> Iterable[Violation]:
        first, _ = self._spans.get((record.queue, record.task), (record, record))
        self._spans[record.queue, record.task] = first, record
        return ()

    def _end(self, record: End) -> Iterable[Violation]:
        if span := self._spans.get((record.queue, record.task)):
            self._spans[record.queue, record.task] = span[0], record
        return ()
