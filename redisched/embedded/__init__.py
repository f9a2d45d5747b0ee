"""The embedded server: redisched starts a Valkey or Redis for the project, so that the user need not run one.

`join`, `start`, `stop` and `status` act on the one server that all processes of a project share. `PrivateServer` runs
a server for one process only, for tests and measurements. Each name is imported at its first use: the guardian is a
module of this package, needs none of these names, and has to start fast because its caller waits for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redisched.embedded.binary import find_binary
    from redisched.embedded.private import PrivateServer, Transport
    from redisched.embedded.process import Persistence
    from redisched.embedded.server import (
        ServerStatus,
        ServerUser,
        expect_server,
        join,
        join_existing,
        start,
        status,
        stop,
    )

_HOMES = {
    "Persistence": "redisched.embedded.process",
    "PrivateServer": "redisched.embedded.private",
    "ServerStatus": "redisched.embedded.server",
    "ServerUser": "redisched.embedded.server",
    "Transport": "redisched.embedded.private",
    "find_binary": "redisched.embedded.binary",
    "expect_server": "redisched.embedded.server",
    "join": "redisched.embedded.server",
    "join_existing": "redisched.embedded.server",
    "start": "redisched.embedded.server",
    "status": "redisched.embedded.server",
    "stop": "redisched.embedded.server",
}

__all__ = [
    "Persistence",
    "PrivateServer",
    "ServerStatus",
    "ServerUser",
    "Transport",
    "expect_server",
    "find_binary",
    "join",
    "join_existing",
    "start",
    "status",
    "stop",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
