"""What a route is: it knows which of several servers a command goes to, and learns when that changes.

A route does no I/O. Each of its methods is a generator that yields what is to be sent where, and is sent the replies;
errors are thrown into it. The clients in `routed` carry that out, blocking or under asyncio, so no route exists twice.
"""

from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from redisched.address import Node, ServerAddress
from redisched.errors import AccessDenied, BrokerRefused, BrokerUnavailable
from redisched.store.operation import Command

T = TypeVar("T")

ASK_S = 1.0
"""A server that is asked for the way answers within this time, or another is asked."""
ASKED = 3
"""So many are asked before a command is given up: with those that do not answer, too, a call must end in time."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Put a question to a server, on a connection of its own that nothing else waits for."""

    server: ServerAddress
    command: Command


@dataclass(frozen=True, slots=True)
class Send:
    """Send commands to a node at once; answered with the reply to the last. An error of any is thrown."""

    node: Node
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """Perform a pipeline on a node; answered with the replies up to the first error."""

    node: Node
    commands: Iterable[Command]


RoutePlan: TypeAlias = Generator[Ask | Send | Stream, Any, T]


class Route(Protocol):
    """Knows the way, on behalf of every client of one broker.

    `epoch` changes when connections to any but `nodes` are of no use any more.
    """

    @property
    def epoch(self) -> int: ...

    @property
    def nodes(self) -> Collection[Node]: ...

    def perform(self, commands: tuple[Command, ...]) -> RoutePlan[Any]:
        """Commands for one place, sent at once; the reply to the last."""

    def perform_all(self, commands: Iterable[Command]) -> RoutePlan[list[Any]]:
        """A pipeline; the replies up to the first error."""

    def primaries(self) -> RoutePlan[Sequence[Node]]:
        """Every node that takes writes."""


def sum_up(
    errors: Sequence[BrokerRefused | BrokerUnavailable], finding: str, question: str
) -> BrokerRefused | BrokerUnavailable:
    """One error for all servers that did not tell the way: trying again cures it unless all of them refused."""
    reasons = "; ".join(dict.fromkeys(error.reason for error in errors))
    if all(isinstance(error, BrokerRefused) for error in errors):
        kind = AccessDenied if any(isinstance(error, AccessDenied) for error in errors) else BrokerRefused
        return kind(question, reasons)
    return BrokerUnavailable(f"{finding}: {reasons}", 0.0)
