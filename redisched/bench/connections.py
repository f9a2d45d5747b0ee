"""Finds the connections of each worker, by a name that the worker's URL contains."""

from collections.abc import Iterable
from typing import NamedTuple

from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.embedded.polling import poll_until

READY_WITHIN_S = 60.0
_BLOCKED = "b"
_COLONS = 3


class ListedConnection(NamedTuple):
    """A connection as Redis lists it. `is_blocked`: it waits in a blocking command."""

    address: str
    name: str
    is_blocked: bool


def named(url: str, name: str) -> str:
    """The URL with a client name added, which all connections to it then have."""
    return f"{url}{'&' if '?' in url else '?'}client_name={name}"


def connections(workbench: Workbench, names: Iterable[str]) -> list[ListedConnection]:
    """The connections that have one of these names."""
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
    """The program's part of the client name of a redisched connection."""
    return name.split(":")[1] if name.count(":") == _COLONS else ""


def wait_idle(workbench: Workbench, names: Iterable[str], workers: int) -> None:
    """Return when `workers` workers with these names wait for work. Raises MeasurementFailed if that takes too long.

    A worker waits on one connection to each shard.
    """
    wanted = frozenset(names)
    shards = workbench.scale.shards

    def waiting() -> int:
        return sum(connection.is_blocked for connection in connections(workbench, wanted)) // shards

    if not poll_until(lambda: waiting() == workers, READY_WITHIN_S):
        raise MeasurementFailed(f"{waiting()} workers wait for work after {READY_WITHIN_S:g} s, and not {workers}")
