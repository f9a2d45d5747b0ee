"""What the Tab key completes: names of queues and handlers, read from Redis, and terms of filters.

Completion is quick or does nothing: whatever fails, no candidates come and nothing is printed.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

import click

from redisched.config import URL_VARIABLE
from redisched.printable import shell_word

if TYPE_CHECKING:
    from redisched.client.connection import Connection
    from redisched.store.operation import Operation
    from redisched.store.roster import Roster

PREFIX_KEY = f"{__name__}.prefix"
"""Where the context of a command has the prefix that it was given."""
TIMEOUT_S = 0.3
"""Redis is given so long for all that one completion asks."""
_MOST = 500
"""At most so many names are candidates."""


def complete_queue(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The queues whose names begin so."""
    return _beginning(_queues(context), incomplete)


def complete_handler(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The handlers of all live workers whose names begin so."""
    return _beginning(_handlers(context), incomplete)


def complete_filter(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The terms of a filter that begin so.

    Bash splits words at colons: of `state:de` it gives `de` alone, and takes what comes in place of it.
    """
    words = tuple(context.params.get("words") or ())
    if incomplete == ":" and words:
        return _values_of(context, words[-1].removeprefix("-"), "")
    if len(words) > 1 and words[-1] == ":":
        return _values_of(context, words[-2].removeprefix("-"), incomplete)
    minus = "-" if incomplete.startswith("-") else ""
    field, colon, value = incomplete.removeprefix("-").partition(":")
    if colon:
        return [f"{minus}{field}:{found}" for found in _values_of(context, field, value)]
    fields = [name for name in _VALUES if name.startswith(field)]
    if len(fields) != 1:
        return [f"{minus}{name}:" for name in fields]
    return [f"{minus}{fields[0]}:{found}" for found in _values_of(context, fields[0], "")]


def _values_of(context: click.Context, field: str, incomplete: str) -> list[str]:
    """The values of a field; of several with commas, the last one is completed."""
    earlier, comma, last = incomplete.rpartition(",")
    read = _VALUES.get(field)
    return [] if read is None else [f"{earlier}{comma}{found}" for found in _beginning(read(context), last)]


def _states(_context: click.Context) -> Iterable[str]:
    from redisched.filters.parsing import STATE_SETS

    return STATE_SETS


def _queues(context: click.Context) -> Iterable[str]:
    from redisched.store.inspect import queues

    with contextlib.suppress(Exception), _connection(context) as connection:
        return connection.run(queues(connection.script_runner), "complete")[:_MOST]
    return ()


def _handlers(context: click.Context) -> Iterable[str]:
    from redisched.store.roster import Roster

    with contextlib.suppress(Exception), _connection(context) as connection:
        return sorted(connection.run(_handlers_of(Roster(connection.script_runner)), "complete"))[:_MOST]
    return ()


def _handlers_of(roster: "Roster") -> "Operation[set[str]]":
    """The handlers of the deployments of all live workers, as far as they come in time."""
    until_s = monotonic() + TIMEOUT_S
    workers = yield from roster.present(is_enough=lambda _page: monotonic() >= until_s)
    deployments = yield from roster.deployments_of(workers.values())
    return {name for deployment in deployments.values() for name in deployment.handlers}


@contextlib.contextmanager
def _connection(context: click.Context) -> "Iterator[Connection]":
    """A connection to the Redis of the command, which is given little time. No server is started for it."""
    from redisched.client.connection import Connection
    from redisched.config import Settings

    url = context.params.get("url") or os.environ.get(URL_VARIABLE) or _embedded_url()
    opened = Connection(Settings(url=url, prefix=context.meta.get(PREFIX_KEY), timeout_s=TIMEOUT_S), None)
    try:
        yield opened
    finally:
        opened.close()


def _embedded_url() -> str:
    from redisched.embedded import status

    url = status().url
    if url is None:
        raise LookupError("the embedded server of the project does not run")
    return url


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    # Bash inserts a candidate as it is: what a shell would run or expand is none.
    return sorted(name for name in names if name.startswith(incomplete) and shell_word(name) == name)


_VALUES: dict[str, Callable[[click.Context], Iterable[str]]] = {"state": _states, "queue": _queues, "name": _handlers}
"""The fields whose values are completed."""
