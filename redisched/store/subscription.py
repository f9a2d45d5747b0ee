"""Subscriptions: connections that wait for what is published on a channel, a blocking one and one of an event loop."""

import asyncio
import contextlib
import socket
from typing import Any, Protocol, Self

from redis import exceptions

from redisched.store.failures import translate


class SyncConnection(Protocol):
    """The methods of the client library's blocking connections that are used."""

    _sock: socket.socket

    def connect(self) -> None: ...
    def send_command(self, *arguments: str) -> None: ...
    def can_read(self, timeout: float) -> bool: ...
    def read_response(self) -> Any: ...
    def disconnect(self) -> None: ...


class AsyncConnection(Protocol):
    """The methods of the client library's asyncio connections that are used."""

    async def send_command(self, *arguments: str) -> None: ...
    async def read_response(self) -> Any: ...
    async def disconnect(self) -> None: ...


class Subscription:
    """What is published on a channel, in a thread. Raises only errors of redisched.errors."""

    def __init__(self, connection: SyncConnection, channel: str, timeout_s: float) -> None:
        """Subscribe; on return every message arrives. `timeout_s` is how long the server may take to confirm."""
        self._connection = connection
        self._timeout_s = timeout_s
        self._command = ("SUBSCRIBE", channel)
        try:
            # A connection of fakeredis that is only sent a command never finds that it can be read.
            connection.connect()
            connection.send_command(*self._command)
            connection.read_response()
        except (exceptions.RedisError, OSError) as error:
            self.close()
            raise translate(error, self._command, timeout_s) from error

    def read(self, within_s: float) -> bytes | None:
        """The next message; None if none comes within so many seconds. Raises BrokerError if the connection is lost."""
        try:
            if not self._connection.can_read(within_s):
                return None
            message: bytes = self._connection.read_response()[2]
        except (exceptions.RedisError, OSError) as error:
            raise translate(error, self._command, self._timeout_s) from error
        return message

    def interrupt(self) -> None:
        """End a read that runs in another thread. It finds the connection lost, and only that thread may close it."""
        # Before the connection is made, and on a fake server, there is no socket to shut down.
        with contextlib.suppress(OSError, AttributeError):
            self._connection._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001 - the library cannot end a read

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(exceptions.RedisError, OSError):
            self._connection.disconnect()


class AsyncSubscription:
    """What is published on a channel, on an event loop. Raises only errors of redisched.errors."""

    def __init__(self, connection: AsyncConnection, channel: str, timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._command = ("SUBSCRIBE", channel)

    @classmethod
    async def open(cls, connection: AsyncConnection, channel: str, timeout_s: float) -> Self:
        """Subscribe; on return every message arrives. `timeout_s` is how long the server may take to confirm."""
        subscription = cls(connection, channel, timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                await connection.send_command(*subscription._command)
                await connection.read_response()
        except BaseException as error:
            await subscription.close()
            if isinstance(error, exceptions.RedisError | OSError):
                raise translate(error, subscription._command, timeout_s) from error
            raise
        return subscription

    async def read(self) -> bytes:
        """The next message. Raises BrokerError if the connection is lost."""
        try:
            message: bytes = (await self._connection.read_response())[2]
        except (exceptions.RedisError, OSError) as error:
            raise translate(error, self._command, self._timeout_s) from error
        return message

    async def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(exceptions.RedisError, OSError):
            await self._connection.disconnect()
