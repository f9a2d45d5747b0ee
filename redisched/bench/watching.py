"""Records every command that clients send to a server, with MONITOR.

This is exact, while the server's own counters include the commands that scripts call. MONITOR slows the server down, so
it is used only on a private server.
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
    """A command: when the server executed it, by its own time; the address of the client; and its words."""

    at_s: float
    address: str
    command: str


@contextmanager
def watched(url: str) -> Iterator[list[Sent]]:
    """Record what clients send inside the context. The list is filled at its end. The server must listen on TCP."""
    sent: list[Sent] = []
    # Marker commands: what the server reports between the two was sent inside the context.
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
