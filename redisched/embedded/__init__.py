"""The embedded server: a Valkey or Redis of the project's own, so that nobody has to install or run one.

`join`, `start`, `stop` and `status` are about the one server all processes of a project share; `PrivateServer` is a
server of one's own, for tests and measurements. The names are loaded when first used: the guardian, which starts within
this package while somebody waits for it, needs none of them.
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
