"""The connections of workers, told apart by a name that each worker is given with its URL."""

from collections.abc import Iterable
from typing import NamedTuple

from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.embedded.polling import poll_until

READY_WITHIN_S = 60.0
_BLOCKED = "b"
_COLONS = 3


class ListedConnection(NamedTuple):
    """A connection as Redis lists it. `is_blocked` while it waits for something to come."""

    address: str
    name: str
    is_blocked: bool


def named(url: str, name: str) -> str:
    """The URL under which every connection bears a name."""
    return f"{url}{'&' if '?' in url else '?'}client_name={name}"


def connections(workbench: Workbench, names: Iterable[str]) -> list[ListedConnection]:
    """The connections that bear one of these names."""
    reply = workbench.command("CLIENT", "LIST")
    assert isinstance(reply, bytes)
    wanted = frozenset(names)
    listed = (dict(word.split("=", 1) for word in line.split(" ")) for line in reply.decode().splitlines())
    return [
        ListedConnection(fields["addr"], name, _BLOCKED in fields["flags"])
        for fields in listed
        if (name := _program(fields["name"])) in wanted
    ]


def _program(name: str) -> str:
    """The program in the name of a connection of redisched."""
    return name.split(":")[1] if name.count(":") == _COLONS else ""


def wait_idle(workbench: Workbench, names: Iterable[str], workers: int) -> None:
    """Return when so many workers with these names wait for work. Raises MeasurementFailed if never.

    A worker waits on a connection to each shard.
    """
    wanted = frozenset(names)
    shards = workbench.scale.shards

    def waiting() -> int:
        return sum(connection.is_blocked for connection in connections(workbench, wanted)) // shards

    if not poll_until(lambda: waiting() == workers, READY_WITHIN_S):
        raise MeasurementFailed(f"{waiting()} workers wait for work after {READY_WITHIN_S:g} s, and not {workers}")
