"""Routes: a route knows which of several servers a command goes to, and notices when that changes.

A route does no I/O. Each of its methods returns a route plan: a generator that yields what to send to which server,
gets the replies sent, and gets errors thrown. The clients in `routed` execute route plans, blocking or under asyncio.
"""

from collections.abc import Collection, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from redisched.address import Node, ServerAddress
from redisched.errors import AccessDenied, BrokerRefused, BrokerUnavailable
from redisched.store.operation import Command

T = TypeVar("T")

ASK_S = 1.0
"""If a server that is asked for the route does not answer within this time, another one is asked."""
ASKED = 3
"""At most so many servers are asked for the route before a command fails. A call must end in time even if none
answers.
"""


@dataclass(frozen=True, slots=True)
class Ask:
    """Step: ask a server for the route, on a connection of its own."""

    server: ServerAddress
    command: Command


@dataclass(frozen=True, slots=True)
class Send:
    """Step: send commands to a node together. The reply is the one to the last; the error of any of them is thrown."""

    node: Node
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """Step: perform a pipeline on a node. The reply is the list of replies up to the first error."""

    node: Node
    commands: Iterable[Command]


RoutePlan: TypeAlias = Generator[Ask | Send | Stream, Any, T]


class Route(Protocol):
    """The route to the servers of one broker, for all of its clients.

    When `epoch` changes, connections to servers that are not among `nodes` are of no use any more.
    """

    @property
    def epoch(self) -> int: ...

    @property
    def nodes(self) -> Collection[Node]: ...

    def perform(self, commands: tuple[Command, ...]) -> RoutePlan[Any]:
        """Send commands for one server together; answers the reply to the last."""

    def perform_all(self, commands: Iterable[Command]) -> RoutePlan[list[Any]]:
        """Perform a pipeline; answers the replies up to the first error."""

    def primaries(self) -> RoutePlan[Sequence[Node]]:
        """Every node that takes writes."""


def sum_up(
    errors: Sequence[BrokerRefused | BrokerUnavailable], finding: str, question: str
) -> BrokerRefused | BrokerUnavailable:
    """One error for all servers that did not tell the route. It is a BrokerUnavailable, after which the call is
    repeated, unless all servers refused.
    """
    reasons = "; ".join(dict.fromkeys(error.reason for error in errors))
    if all(isinstance(error, BrokerRefused) for error in errors):
        kind = AccessDenied if any(isinstance(error, AccessDenied) for error in errors) else BrokerRefused
        return kind(question, reasons)
    return BrokerUnavailable(f"{finding}: {reasons}", 0.0)
