"""Clients of several servers. They execute the plans of a route, blocking or under asyncio."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from redisched.address import Address, Node, ServerAddress
from redisched.errors import BrokerError
from redisched.store.clients import AsyncServerClient, ServerClient
from redisched.store.operation import Command
from redisched.store.route import ASK_S, Ask, Route, RoutePlan, Send, Stream, T
from redisched.store.subscription import AsyncSubscription, Subscription

C = TypeVar("C", ServerClient, AsyncServerClient)


class _RoutedClients(Generic[C]):
    """A client of each server that was used. `open_client` opens one, given the longest time of a command in
    seconds.
    """

    def __init__(
        self, address: Address, route: Route, open_client: Callable[[ServerAddress, float], C], timeout_s: float
    ) -> None:
        self._address = address
        self._route = route
        self._open: Callable[[ServerAddress, float], C] = open_client
        self._timeout_s = timeout_s
        self._clients: dict[Node, C] = {}
        self._epoch = route.epoch
        self._subscriptions = 0

    def _client(self, node: Node) -> C:
        client = self._clients.get(node)
        if client is None:
            opened = self._open(self._address.server(node), self._timeout_s)
            # Another thread may have opened one meanwhile.
            client = self._clients.setdefault(node, opened)
        return client

    def _listening_node(self, primaries: Mapping[str, C], channel: str) -> C:
        """The node on which to subscribe: every node of a cluster gets every message. It is another one each time, in
        case one of them does not answer.
        """
        self._subscriptions += 1
        return list(primaries.values())[(hash(channel) + self._subscriptions) % len(primaries)]

    def _drop_unused(self) -> list[C]:
        """Forget the clients of servers that the route does not use any more; answers them, for the caller to close."""
        if self._epoch == self._route.epoch:
            return []
        self._epoch = self._route.epoch
        leaving = [self._clients.pop(node, None) for node in set(self._clients) - set(self._route.nodes)]
        return [client for client in leaving if client is not None]


class RoutedClient(_RoutedClients[ServerClient]):
    """Performs commands on the servers that the route tells, on blocking connections. Can be used by many threads and
    in a forked process.
    """

    def perform(self, command: Command) -> Any:
        return self._execute(self._route.perform((command,)))

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        """Perform a pipeline; the replies up to the first error."""
        return self._execute(self._route.perform_all(commands))

    def subscribe(self, channel: str) -> Subscription:
        """Subscribe to a channel, on a connection of its own."""
        return self._listening_node(self.primaries(), channel).subscribe(channel)

    def primaries(self) -> Mapping[str, ServerClient]:
        """A client of each node that takes writes, by its address. Use them at once: they are closed with this one."""
        return {str(node): self._client(node) for node in self._execute(self._route.primaries())}

    def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""
        for client in list(self._clients.values()):
            client.close()

    def _execute(self, plan: RoutePlan[T]) -> T:
        try:
            step = plan.send(None)
            while True:
                for client in self._drop_unused():
                    client.close()
                try:
                    reply = self._perform_step(step)
                except BrokerError as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _perform_step(self, step: Ask | Send | Stream) -> Any:
        match step:
            case Send(node, commands):
                with self._lent(node) as client:
                    return client.perform_last(*commands)
            case Stream(node, commands):
                with self._lent(node) as client:
                    return client.perform_all(commands)
            case Ask(server, command):
                with contextlib.closing(self._open(server, min(ASK_S, self._timeout_s))) as client:
                    return client.perform(command)

    @contextlib.contextmanager
    def _lent(self, node: Node) -> Iterator[ServerClient]:
        client = self._client(node)
        try:
            yield client
        finally:
            if self._clients.get(node) is not client:
                # It was left meanwhile, and has been given a connection back since.
                client.close()


class AsyncRoutedClient(_RoutedClients[AsyncServerClient]):
    """Performs commands on the servers that the route tells, on connections of one event loop."""

    async def perform(self, command: Command) -> Any:
        return await self._execute(self._route.perform((command,)))

    async def perform_last(self, *commands: Command) -> Any:
        """Send commands for one server together; answers the reply to the last. Raises the error of any of them."""
        return await self._execute(self._route.perform(commands))

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        """Perform a pipeline; the replies up to the first error."""
        return await self._execute(self._route.perform_all(commands))

    async def subscribe(self, channel: str) -> AsyncSubscription:
        """Subscribe to a channel, on a connection of its own."""
        return await self._listening_node(await self.primaries(), channel).subscribe(channel)

    async def primaries(self) -> Mapping[str, AsyncServerClient]:
        """A client of each node that takes writes, by its address. Use them at once: they are closed with this one."""
        return {str(node): self._client(node) for node in await self._execute(self._route.primaries())}

    async def close(self) -> None:
        """Close the connections that are idle; the next command opens a new one."""
        for client in list(self._clients.values()):
            await client.close()

    async def _execute(self, plan: RoutePlan[T]) -> T:
        try:
            step = plan.send(None)
            while True:
                for client in self._drop_unused():
                    await client.close()
                try:
                    reply = await self._perform_step(step)
                except BrokerError as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _perform_step(self, step: Ask | Send | Stream) -> Any:
        match step:
            case Send(node, commands):
                async with self._lent(node) as client:
                    return await client.perform_last(*commands)
            case Stream(node, commands):
                async with self._lent(node) as client:
                    return await client.perform_all(commands)
            case Ask(server, command):
                client = self._open(server, min(ASK_S, self._timeout_s))
                try:
                    return await client.perform(command)
                finally:
                    await client.close()

    @contextlib.asynccontextmanager
    async def _lent(self, node: Node) -> AsyncIterator[AsyncServerClient]:
        client = self._client(node)
        try:
            yield client
        finally:
            if self._clients.get(node) is not client:
                # It was left meanwhile, and has been given a connection back since.
                await client.close()
