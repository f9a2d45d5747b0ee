"""Connections between simulated processes and the server: ordered like TCP, and as unreliable.

The client's end has the methods of a connection of the client library, so redisched's clients use it unchanged.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import hiredis
from redis.exceptions import ConnectionError as Disconnected

from tests.simulation.kernel import Kernel
from tests.simulation.lane import Lane, running_lane
from tests.simulation.weather import Fate, Weather

LATEST_US = 4e6
"""How much later at most a stray or repeated request arrives."""


class Receiver(Protocol):
    """The server's side of all pipes."""

    def greet(self, pipe: "Pipe") -> bool: ...
    def receive(self, pipe: "Pipe", command: list[bytes]) -> None: ...
    def hang_up(self, pipe: "Pipe") -> None: ...


class Pipe:
    """One connection. `hear` is called with every reply, and with an error once the connection is broken.

    A silent connection passes nothing any more, in either direction, and neither end knows: the server may still carry
    out earlier requests.
    """

    def __init__(self, network: "Network", caller: str, hear: Callable[[Any], object]) -> None:
        self.caller = caller
        self.pending: deque[list[bytes]] = deque()
        self._network = network
        self._hear = hear
        self._is_cut = False
        self.is_silent = False
        self._arrives_us = 0
        self._answered_us = 0
        self._breaks_after: list[bytes] | None = None

    def send(self, command: list[bytes]) -> None:
        """Send a request; its fate is drawn."""
        if self._is_cut or self._is_unreachable():
            return
        network, kernel = self._network, self._network.kernel
        fate = network.fate(self.caller)
        if fate is Fate.REQUEST_CUT:
            self._is_cut = True
            kernel.after(network.travel_us(), self.break_)
        elif fate in (Fate.VANISHES, Fate.STRAYS):
            self.fall_silent()
        else:
            if fate is Fate.REPLY_CUT:
                self._breaks_after = command
            self._arrives_us = max(self._arrives_us, kernel.now_us + network.travel_us())
            kernel.at(self._arrives_us, network.receiver.receive, self, command)
        if fate in (Fate.STRAYS, Fate.COMES_TWICE):
            network.stray(self.caller, command)

    def reply(self, command: list[bytes], reply: Any) -> None:
        """Send a reply, unless the connection breaks on its way."""
        if command is self._breaks_after:
            self._network.on_mishap(self.caller, Fate.REPLY_CUT)
            self.break_()
        elif not self._is_unreachable():
            kernel = self._network.kernel
            self._answered_us = max(self._answered_us, kernel.now_us + self._network.travel_us())
            kernel.at(self._answered_us, self._hear, reply)

    def hang_up(self) -> None:
        """The client closes its end; the server learns of it after all that was sent before."""
        if not self._is_unreachable():
            self._network.kernel.at(self._arrives_us, self._network.receiver.hang_up, self)
        self.fall_silent()

    def break_(self) -> None:
        """Both ends learn that the connection is gone; if it was silent, only the server does."""
        self._network.receiver.hang_up(self)
        if not self._is_unreachable():
            self._hear(Disconnected("connection reset"))
        self.fall_silent()

    def fall_silent(self) -> None:
        """Let nothing pass any more, in either direction; neither end learns of it."""
        self._is_cut = self.is_silent = True

    def _is_unreachable(self) -> bool:
        if not self.is_silent and self.caller in self._network.unreachable:
            self.fall_silent()
        return self.is_silent


class Network:
    """All the pipes of a world. Nothing passes between the server and a process that is unreachable."""

    def __init__(self, kernel: Kernel, receiver: Receiver) -> None:
        self.kernel = kernel
        self.receiver = receiver
        self.unreachable: set[str] = set()
        self.on_mishap: Callable[[str, Fate], None] = _ignore_mishap
        self.change(Weather())

    def change(self, weather: Weather) -> None:
        """Treat messages differently from now on."""
        self._weather = weather
        self._is_calm = weather.is_calm

    def fate(self, caller: str) -> Fate:
        """Draw the fate of a request."""
        if self._is_calm:
            return Fate.PASSES
        fate = self._weather.fate(self.kernel.random)
        if fate is not Fate.PASSES and fate is not Fate.REPLY_CUT:
            self.on_mishap(caller, fate)
        return fate

    def travel_us(self) -> int:
        """Draw the time a message takes."""
        return int(self.kernel.between(self._weather.fastest_us, self._weather.slowest_us))

    def stray(self, caller: str, command: list[bytes]) -> None:
        """Let a request arrive some time later; its reply is dropped. Waits for a wake-up are left out."""
        if command[0] != b"BLPOP":
            pipe = Pipe(self, caller, lambda _: None)
            self.receiver.greet(pipe)
            pipe.fall_silent()
            self.kernel.after(self.kernel.between(0, LATEST_US), self.receiver.receive, pipe, command)


class Connection:
    """The client's end, with the methods of the client library's connections. It connects on first use."""

    def __init__(self, network: Network, lane: Lane, caller: str) -> None:
        self._network = network
        self._lane = lane
        self._caller = caller
        self._pipe: Pipe | None = None
        self._reader = hiredis.Reader()
        self._replies: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None

    async def send_packed_command(self, command: list[bytes]) -> None:
        pipe = self._pipe or await self._connect()
        for packed in command:
            self._reader.feed(packed)
            pipe.send(self._reader.gets())

    async def send_command(self, *arguments: str) -> None:
        pipe = self._pipe or await self._connect()
        pipe.send([argument.encode() for argument in arguments])

    async def read_response(self) -> Any:
        while not self._replies:
            self._waiter = self._lane.create_future()
            await self._waiter
        reply = self._replies.popleft()
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def disconnect(self) -> None:
        self.drop(Pipe.hang_up)

    def drop(self, leave: Callable[[Pipe], None]) -> None:
        """Drop the pipe, in a way given by the caller."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            leave(pipe)
            self._replies.clear()

    async def _connect(self) -> Pipe:
        greeted = self._lane.create_future()
        if self._caller not in self._network.unreachable:
            self._network.kernel.after(2 * self._network.travel_us(), self._lane.call_soon, _set, greeted)
        await greeted
        pipe = Pipe(self._network, self._caller, lambda reply: self._lane.call_soon(self._hear, pipe, reply))
        if not self._network.receiver.greet(pipe):
            raise Disconnected("connection refused")
        self._pipe = pipe
        return pipe

    def _hear(self, pipe: Pipe, reply: Any) -> None:
        if pipe is self._pipe:
            self._replies.append(reply)
            if self._waiter is not None:
                _set(self._waiter)


class Connections:
    """Every connection of one process, as the pool of the client library makes them."""

    def __init__(self, network: Network, caller: str) -> None:
        self._network = network
        self._caller = caller
        self._made: list[Connection] = []

    def make_connection(self) -> Connection:
        connection = Connection(self._network, running_lane(), self._caller)
        self._made.append(connection)
        return connection

    def drop(self, leave: Callable[[Pipe], None]) -> None:
        """Drop all pipes, in a way given by the caller."""
        for connection in self._made:
            connection.drop(leave)


def _ignore_mishap(_caller: str, _fate: Fate) -> None:
    """For worlds in which mishaps are not recorded."""


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
