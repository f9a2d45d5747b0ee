"""What every invariant has in common, and what is reported where one does not hold."""

from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, TypeAlias

from redisched.chaos.history.record import Record, encode


class Violation(NamedTuple):
    """An invariant that does not hold, and the records that show it."""

    invariant: str
    explanation: str
    records: tuple[Record, ...]

    def __str__(self) -> str:
        return "\n  ".join(
            [f"{self.invariant}: {self.explanation}", *(encode(one).decode()[:-1] for one in self.records)]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """How much a run may differ from a perfect one.

    `early_ms` is for two readings of one clock, and for the skew between servers after a failover. `disorder_ms` is for
    records of several processes about the same moment. A better task may be due for `staleness_ms` before a claim that
    passes it over, and be overtaken by `overtakers` of its own priority: windows times workers.
    """

    early_ms: float = 1.0
    disorder_ms: float = 1_000.0
    staleness_ms: float = 1_000.0
    overtakers: int = 1_000


Listener: TypeAlias = Callable[[Any], Iterable[Violation]]
Key: TypeAlias = tuple[str, str]
"""Queue and id of a task."""


class Invariant(ABC):
    """Holds a history against one promise. It sees the records one by one, and keeps no more of them than it must."""

    name: ClassVar[str]

    def __init__(self, tolerances: Tolerances) -> None:
        self.tolerances = tolerances

    def listeners(self) -> Mapping[type[Record], Listener]:
        """What to call for each kind of record; the records come in the order of time."""
        return {}

    def finish(self) -> Iterator[Violation]:
        """What only shows at the end."""
        yield from ()

    def violated(self, explanation: str, *records: Record) -> Violation:
        """A violation of this invariant."""
        return Violation(self.name, explanation, records)
