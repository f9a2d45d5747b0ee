"""Clients of one server: a blocking one for threads, and one for an event loop.

They use the connections of the client library, but not its clients: those check the connection before each command and
may send a command twice, and under asyncio a command costs three times as much with them. Replies are not decoded.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any, Protocol, cast

import hiredis
from redis import exceptions

from redisched.errors import BrokerError
from redisched.store.failures import translate
from redisched.store.operation import IN_FLIGHT, Command
from redisched.store.pool import UNBOUNDED, AsyncPool, Pool
from redisched.store.subscription import AsyncSubscription, Subscription

# Its stub asks for a tuple of one part.
_pack = cast("Callable[[Command], bytes]", hiredis.pack_command)


class LibraryConnection(Protocol):
    """The methods of the client library's blocking connections that are used."""

    def send_packed_command(self, command: Any) -> None: ...
    def read_response(self) -> Any: ...
    def disconnect(self) -> None: ...


class AsyncLibraryConnection(Protocol):
    """The methods of the client library's asyncio connections that are used."""

    async def send_packed_command(self, command: Any) -> None: ...
    async def read_response(self) -> Any: ...
    async def disconnect(self) -> None: ...


class ConnectionFactory(Protocol):
    """Makes connections that connect on first use."""

    def make_connection(self) -> Any: ...


class ServerClient:
    """Performs commands on blocking connections: one for each thread that waits for a reply, at most `most`. Can be
    used in a forked process.
    """

    def __init__(self, factory: ConnectionFactory, timeout_s: float, most: int = UNBOUNDED) -> None:
        """`timeout_s` is how long connections wait for a reply, and how long commands wait for a connection."""
        self._factory = factory
        self._timeout_s = timeout_s
        self._most = most
        self._pool: Pool[LibraryConnection] = Pool(factory.make_connection, most)
        self._process = os.getpid()

    def perform(self, command: Command) -> Any:
        pool = self._own_pool()
        connection = pool.take(self._timeout_s)
        try:
            connection.send_packed_command([_pack(command)])
            reply = connection.read_response()
        except exceptions.ResponseError as error:
            pool.give(connection)
            raise translate(error, command, self._timeout_s) from error
        except (exceptions.RedisError, OSError) as error:
            self._discard(pool, connection)
            self.close()
            raise translate(error, command, self._timeout_s) from error
        except BaseException:
            self._discard(pool, connection)
            raise
        pool.give(connection)
        return reply

    def perform_last(self, *commands: Command) -> Any:
        """Send commands together; answers the reply to the last. Raises the error of any of them."""
        if len(commands) == 1:
            return self.perform(commands[0])
        refused: BrokerError | None = None
        reply = None
        try:
            with self._borrowed() as connection:
                connection.send_packed_command([_pack(command) for command in commands])
                for command in commands:
                    try:
                        reply = connection.read_response()
                    except exceptions.ResponseError as error:
                        refused = translate(error, command, self._timeout_s)
        except (exceptions.RedisError, OSError) as error:
            raise translate(error, commands[0], self._timeout_s) from error
        if refused is not None:
            raise refused
        return reply

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        """Perform a pipeline; the replies up to the first error."""
        pipeline = _PipelineState(commands)
        with contextlib.suppress(exceptions.RedisError, OSError), self._borrowed() as connection:
            while pipeline.is_unfinished:
                for command in pipeline.to_send():
                    connection.send_packed_command([_pack(command)])
                try:
                    pipeline.arrived(connection.read_response())
                except exceptions.ResponseError:
                    pipeline.failed()
        return pipeline.replies

    def subscribe(self, channel: str) -> Subscription:
        """Subscribe to a channel, on a connection of its own."""
        return Subscription(self._factory.make_connection(), channel, self._timeout_s)

    def primaries(self) -> Mapping[str, "ServerClient"]:
        """The one server, under no name."""
        return {"": self}

    def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""
        for connection in self._own_pool().empty():
            connection.disconnect()

    @contextlib.contextmanager
    def _borrowed(self) -> Iterator[LibraryConnection]:
        """A connection from the pool. After an error it does not go back to the pool, because a reply may still
        come.
        """
        pool = self._own_pool()
        connection = pool.take(self._timeout_s)
        try:
            yield connection
        except (exceptions.RedisError, OSError):
            self._discard(pool, connection)
            self.close()
            raise
        except BaseException:
            self._discard(pool, connection)
            raise
        pool.give(connection)

    def _discard(self, pool: Pool[LibraryConnection], connection: LibraryConnection) -> None:
        pool.drop()
        connection.disconnect()

    def _own_pool(self) -> Pool[LibraryConnection]:
        if self._process != os.getpid():
            # After a fork the sockets belong to the parent process, which goes on using them.
            self._pool = Pool(self._factory.make_connection, self._most)
            self._process = os.getpid()
        return self._pool


class AsyncServerClient:
    """Performs commands on connections of one event loop, at most `most`. A command that takes longer than `timeout_s`
    raises.
    """

    def __init__(self, factory: ConnectionFactory, timeout_s: float, most: int = UNBOUNDED) -> None:
        self._factory = factory
        self._timeout_s = timeout_s
        self._pool: AsyncPool[AsyncLibraryConnection] = AsyncPool(factory.make_connection, most)

    def perform(self, command: Command) -> Coroutine[Any, Any, Any]:
        return self.perform_last(command)

    async def perform_last(self, *commands: Command) -> Any:
        """Send commands together; answers the reply to the last. Raises the error of any of them."""
        connection = self._pool.take_idle() or await self._pool.take(self._timeout_s)
        refused: BrokerError | None = None
        reply = None
        try:
            async with asyncio.timeout(self._timeout_s):
                await connection.send_packed_command([_pack(command) for command in commands])
                for command in commands:
                    try:
                        reply = await connection.read_response()
                    except exceptions.ResponseError as error:
                        refused = translate(error, command, self._timeout_s)
        except (exceptions.RedisError, OSError) as error:
            await self._discard(connection)
            await self.close()
            raise translate(error, commands[0], self._timeout_s) from error
        except BaseException:
            # The call was cancelled. The reply may still come, so the connection cannot be used again.
            await self._discard(connection)
            raise
        self._pool.give(connection)
        if refused is not None:
            raise refused
        return reply

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        """Perform a pipeline; the replies up to the first error."""
        connection = self._pool.take_idle() or await self._pool.take(self._timeout_s)
        pipeline = _PipelineState(commands)
        try:
            while pipeline.is_unfinished:
                async with asyncio.timeout(self._timeout_s):
                    for command in pipeline.to_send():
                        await connection.send_packed_command([_pack(command)])
                    try:
                        pipeline.arrived(await connection.read_response())
                    except exceptions.ResponseError:
                        pipeline.failed()
        except (exceptions.RedisError, OSError):
            await self._discard(connection)
            await self.close()
        except BaseException:
            await self._discard(connection)
            raise
        else:
            self._pool.give(connection)
        return pipeline.replies

    async def subscribe(self, channel: str) -> AsyncSubscription:
        """Subscribe to a channel, on a connection of its own."""
        return await AsyncSubscription.open(self._factory.make_connection(), channel, self._timeout_s)

    async def primaries(self) -> Mapping[str, "AsyncServerClient"]:
        """The one server, under no name."""
        return {"": self}

    async def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""
        for connection in self._pool.empty():
            await self._disconnect(connection)

    async def _discard(self, connection: AsyncLibraryConnection) -> None:
        self._pool.drop()
        await self._disconnect(connection)

    async def _disconnect(self, connection: AsyncLibraryConnection) -> None:
        with contextlib.suppress(exceptions.RedisError, OSError):
            await connection.disconnect()


class _PipelineState:
    """The state of a running pipeline: which commands to send before the next reply is read, and the replies so far."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._upcoming = iter(commands)
        self._next = next(self._upcoming, None)
        self._unanswered = 0
        self._has_failed = False
        self.replies: list[Any] = []

    @property
    def is_unfinished(self) -> bool:
        """Whether a reply is still to come."""
        return self._unanswered > 0 or self._next is not None

    def to_send(self) -> Iterator[Command]:
        """The commands to send now."""
        while self._next is not None and self._unanswered < IN_FLIGHT:
            self._unanswered += 1
            yield self._next
            self._next = next(self._upcoming, None)

    def arrived(self, reply: Any) -> None:
        """Take the next reply."""
        self._unanswered -= 1
        if not self._has_failed:
            self.replies.append(reply)

    def failed(self) -> None:
        """Take an error in place of the next reply: what has not been sent stays unsent."""
        self._unanswered -= 1
        self._has_failed = True
        self._next = None
