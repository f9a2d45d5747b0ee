"""The base class of all invariants, and the violation that they report."""

from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

from redisched.chaos.history.record import Record, encode


class Violation(NamedTuple):
    """An invariant that a history breaks, and the records that prove it."""

    invariant: str
    explanation: str
    records: tuple[Record, ...]

    def __str__(self) -> str:
        return "\n  ".join(
            [f"{self.invariant}: {self.explanation}", *(encode(one).decode()[:-1] for one in self.records)]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """How far a run may deviate from the invariants without a violation.

    `early_ms`: a task may start this much before its due time, because of rounding and of clock skew between servers
    after a failover. `disorder_ms`: records of several processes about the same moment may differ by this time.
    `staleness_ms`: a task of a better priority may be due this long when a claim passes it over. `overtakers`: this
    many tasks of the same priority may overtake a task; choose prefetch windows times workers.
    """

    early_ms: float = 1.0
    disorder_ms: float = 1_000.0
    staleness_ms: float = 1_000.0
    overtakers: int = 1_000


Listener: TypeAlias = Callable[[Any], Iterable[Violation]]
Key: TypeAlias = tuple[str, str]
"""Queue and id of a task."""


class Invariant(ABC):
    """Checks a history against one guarantee. It is given the records one by one, and keeps only those it needs."""

    name: ClassVar[str]

    def __init__(self, tolerances: Tolerances) -> None:
        self.tolerances = tolerances

    def listeners(self) -> Mapping[type[Record], Listener]:
        """The function to call for each type of record. Records must be passed in the order of time."""
        return {}

    def finish(self) -> Iterator[Violation]:
        """Yield the violations that can only be found at the end of the history."""
        yield from ()

    def violated(self, explanation: str, *records: Record) -> Violation:
        """A violation of this invariant, proved by these records."""
        return Violation(self.name, explanation, records)
