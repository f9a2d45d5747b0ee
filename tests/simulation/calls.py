"""How the referee reads a call, and how it says that a promise was broken."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from tests.simulation.server import Call
from tests.simulation.shadow import Shadow

Tasks: TypeAlias = dict[bytes, Shadow]
"""All tasks that the server created and kept, by id."""


class Foul(AssertionError):
    """Raised when a promise was broken."""


def rows_of(arguments: Sequence[bytes], width: int, reply: Sequence[bytes]) -> Iterator[tuple[Sequence[bytes], bytes]]:
    """The tasks of a call, each with its answer."""
    rows = [arguments[first : first + width] for first in range(0, len(arguments), width)]
    return zip(rows, reply, strict=True)


def now_ms_of(call: Call) -> int:
    """The time of a call by the server's clock."""
    return call.now_us // 1000


def tries_in(tries: bytes) -> tuple[int, ...]:
    """Attempts, crashes and redeliveries."""
    counted = tries.removesuffix(b"+")
    return tuple(map(int, counted.split()[:3])) if counted else (0, 0, 0)


def check(holds: bool, promise: str, call: Call, *facts: object) -> None:
    """Raises Foul where a promise does not hold."""
    if not holds:
        raise Foul(f"{promise}: {facts} in {call}")
