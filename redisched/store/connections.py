"""Makes connections of the client library to one server, and greets it in one round trip.

The library's own greeting takes a round trip for each command of it, and fails where a name is refused.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import hiredis
import redis
import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from redisched.address import ServerAddress
from redisched.store.encryption import arguments_of
from redisched.store.operation import Command

_NOT_FOR_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_PROGRAM = 40
# Its stub asks for a tuple of one part.
_pack = cast("Callable[[Command], bytes]", hiredis.pack_command)


class Connections:
    """Makes blocking connections to a server. `part` names what of the program they are for."""

    def __init__(self, server: ServerAddress, timeout_s: float, part: str) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._part = part

    def make_connection(self) -> Any:
        """A connection that connects on first use, and is repeated by nobody but redisched."""
        arguments = {
            **_arguments(self._server),
            "socket_timeout": self._timeout_s,
            "socket_connect_timeout": self._timeout_s,
            "retry": Retry(NoBackoff(), 0),
            "redis_connect_func": self._greet,
        }
        if self._server.node is None:
            # Its stubs take it for abstract.
            return redis.UnixDomainSocketConnection(**arguments)  # type: ignore[abstract, no-untyped-call]
        return (redis.SSLConnection if self._server.encryption else redis.Connection)(**arguments)

    def _greet(self, connection: Any) -> None:
        connection.on_connect()
        needed, optional = _greeting(self._server, self._part)
        connection.send_packed_command([_pack(command) for command in (*needed, *optional)])
        for _ in needed:
            connection.read_response()
        for _ in optional:
            try:
                connection.read_response()
            except exceptions.ResponseError:
                continue


class AsyncConnections:
    """Makes asyncio connections to a server. `part` names what of the program they are for."""

    def __init__(self, server: ServerAddress, timeout_s: float, part: str) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._part = part

    def make_connection(self) -> Any:
        """A connection that connects on first use, and is repeated by nobody but redisched. Who uses it sees to it that
        no reply is waited for too long.
        """
        arguments = {
            **_arguments(self._server),
            "socket_timeout": None,
            "socket_connect_timeout": self._timeout_s,
            "retry": AsyncRetry(NoBackoff(), 0),
            "redis_connect_func": self._greet,
        }
        if self._server.node is None:
            return redis.asyncio.UnixDomainSocketConnection(**arguments)
        return (redis.asyncio.SSLConnection if self._server.encryption else redis.asyncio.Connection)(**arguments)

    async def _greet(self, connection: Any) -> None:
        await connection.on_connect()
        needed, optional = _greeting(self._server, self._part)
        await connection.send_packed_command([_pack(command) for command in (*needed, *optional)])
        for _ in needed:
            await connection.read_response()
        for _ in optional:
            try:
                await connection.read_response()
            except exceptions.ResponseError:
                continue


def connection_name(program: str, part: str) -> str:
    """What connections are called in CLIENT LIST: the program, by default that which runs, its process and the part."""
    return f"redisched:{program or _program(sys.argv)}:{os.getpid()}:{part}"


def _greeting(server: ServerAddress, part: str) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """The commands with which a connection begins: those that must succeed, and those that need not:
    a server that lets this user name no connections is as good as any.
    """
    needed: list[Command] = []
    if server.credentials:
        username, password = server.credentials.username, server.credentials.password
        needed.append(("AUTH", username, password) if username else ("AUTH", password))
    if server.database:
        needed.append(("SELECT", server.database))
    return tuple(needed), (("CLIENT", "SETNAME", connection_name(server.program, part)),)


def _program(argv: list[str]) -> str:
    """The name of a program as its operators know it: a package that runs as one bears the package's name."""
    path = Path(argv[0] if argv else "")
    name = path.parent.name if path.name == "__main__.py" else path.stem
    return _NOT_FOR_A_NAME.sub("-", name).strip("-")[:_LONGEST_PROGRAM] or "python"


def _arguments(server: ServerAddress) -> dict[str, Any]:
    shared: dict[str, Any] = {"protocol": 2, "driver_info": None}
    if server.node is None:
        return {**shared, "path": server.socket}
    place = {"host": server.node.host, "port": server.node.port, "socket_keepalive": server.keepalive}
    return {**shared, **place, **(arguments_of(server.encryption) if server.encryption else {})}
