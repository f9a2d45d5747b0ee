"""Everything that clients send to a server, as the server itself tells it (MONITOR).

Exact where counters are not: the server's own count of commands includes those that scripts call. It costs the server
something for every command, so only a private one is watched.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import NamedTuple

import redis

_CALLED_BY_SCRIPT = "lua"
_TIMEOUT_S = 30.0


class Sent(NamedTuple):
    """A command: when it was carried out by the server's time, from which address it came, and its words."""

    at_s: float
    address: str
    command: str


@contextmanager
def watched(url: str) -> Iterator[list[Sent]]:
    """What clients send meanwhile; the list is filled at the end. The server has to listen on TCP."""
    sent: list[Sent] = []
    # Seen by the server in their places: what is between them came meanwhile.
    begin, end = secrets.token_hex(16), secrets.token_hex(16)
    with redis.Redis.from_url(url, socket_timeout=_TIMEOUT_S) as client, client.monitor() as monitor:
        client.echo(begin)
        yield sent
        client.echo(end)
        for command in takewhile(lambda command: end not in command["command"], monitor.listen()):
            if begin in command["command"]:
                sent.clear()
            elif command["client_type"] != _CALLED_BY_SCRIPT:
                address = f"{command['client_address']}:{command['client_port']}"
                sent.append(Sent(command["time"], address, command["command"]))
