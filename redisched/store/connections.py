"""Makes connections of the client library to one server, and sends their first commands in one round trip.

The library itself would need a round trip for each of these commands, and fail if the server does not allow to name a
connection.
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator
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
from redisched.store.encryption import AsyncEncryptedConnection, EncryptedConnection, arguments_of
from redisched.store.failures import GreetingRefused
from redisched.store.operation import Command

_NOT_FOR_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_PROGRAM = 40
_AUTH, _SELECT = "AUTH", "SELECT"
_ADVICE = {
    _AUTH: "correct the user name or the password in the URL",
    _SELECT: "correct the number of the database in the URL",
}
# Its stub asks for a tuple of one part.
_pack = cast("Callable[[Command], bytes]", hiredis.pack_command)


class SyncConnectionFactory:
    """Makes blocking connections to a server. `part` names the part of the program that uses them."""

    def __init__(self, server: ServerAddress, timeout_s: float, part: str) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._part = part

    def make_connection(self) -> Any:
        """A connection that connects on first use and never repeats a command."""
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
        return (EncryptedConnection if self._server.encryption else redis.Connection)(**arguments)

    def _greet(self, connection: Any) -> None:
        connection.on_connect()
        greeting = _greeting(self._server, self._part)
        connection.send_packed_command([_pack(command) for command in greeting])
        for command in greeting:
            with _answered(command):
                connection.read_response()


class AsyncConnectionFactory:
    """Makes asyncio connections to a server. `part` names the part of the program that uses them."""

    def __init__(self, server: ServerAddress, timeout_s: float, part: str) -> None:
        self._server = server
        self._timeout_s = timeout_s
        self._part = part

    def make_connection(self) -> Any:
        """A connection that connects on first use and never repeats a command. It has no timeout for replies, so the
        caller must set one.
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
        return (AsyncEncryptedConnection if self._server.encryption else redis.asyncio.Connection)(**arguments)

    async def _greet(self, connection: Any) -> None:
        await connection.on_connect()
        greeting = _greeting(self._server, self._part)
        await connection.send_packed_command([_pack(command) for command in greeting])
        for command in greeting:
            with _answered(command):
                await connection.read_response()


def connection_name(program: str, part: str) -> str:
    """The name of connections in CLIENT LIST: the program (by default the running one), the process id and the part."""
    return f"redisched:{program or _program(sys.argv)}:{os.getpid()}:{part}"


def _greeting(server: ServerAddress, part: str) -> tuple[Command, ...]:
    """The first commands of a connection."""
    greeting: list[Command] = []
    if server.credentials:
        username, password = server.credentials.username, server.credentials.password
        greeting.append((_AUTH, username, password) if username else (_AUTH, password))
    if server.database:
        greeting.append((_SELECT, server.database))
    return (*greeting, ("CLIENT", "SETNAME", connection_name(server.program, part)))


@contextlib.contextmanager
def _answered(command: Command) -> Iterator[None]:
    """Turn a server's refusal of a first command into an error that says what to do. If the server only refuses to name
    the connection, nothing is raised.
    """
    call = str(command[0])
    try:
        yield
    except exceptions.ResponseError as error:
        if call in _ADVICE:
            raise GreetingRefused(call, f"{error}; {_ADVICE[call]}") from error
    except exceptions.AuthenticationError as error:
        if call not in _ADVICE:
            raise
        raise GreetingRefused(call, f"{error}; {_ADVICE[call]}") from error


def _program(argv: list[str]) -> str:
    """The name of a program as its operators know it. For `python -m package` that is the name of the package."""
    path = Path(argv[0] if argv else "")
    name = path.parent.name if path.name == "__main__.py" else path.stem
    return _NOT_FOR_A_NAME.sub("-", name).strip("-")[:_LONGEST_PROGRAM] or "python"


def _arguments(server: ServerAddress) -> dict[str, Any]:
    shared: dict[str, Any] = {"protocol": 2, "driver_info": None}
    if server.node is None:
        return {**shared, "path": server.socket}
    place = {"host": server.node.host, "port": server.node.port, "socket_keepalive": server.keepalive}
    return {**shared, **place, **(arguments_of(server.encryption) if server.encryption else {})}
