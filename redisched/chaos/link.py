"""One connection through a proxy: passes requests to the server and replies to the client, and applies faults."""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import hiredis

from redisched.chaos.command_names import CommandNames
from redisched.chaos.fault import AT_ONCE, Action, Fault, Message, Pace
from redisched.chaos.resp import is_push, messages, words_of
from redisched.chaos.tally import Tally

_PIECES_PER_S = 100.0


class NoReply(Enum):
    """The value of `Exchange.reply` when the server's reply was never seen."""

    NO_REPLY = "no reply"
    """The connection ended before a reply came: the server may have executed the command, or may still do so."""


class Exchange(NamedTuple):
    """A command and the server's reply, whether or not the reply reached the client.

    `reply` is bytes, an int, None, an Exception for an error reply, or a list of these; or it is NO_REPLY.
    """

    name: str
    words: tuple[bytes, ...]
    reply: Any


Observe = Callable[[Exchange], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What all connections of a proxy share."""

    names: CommandNames
    tally: Tally
    random: Random
    observe: Observe | None


class _Call(NamedTuple):
    """A request that the server has not answered yet. If it is not `wanted`, its reply is not passed to the client."""

    name: str
    request: bytes
    wanted: bool


class Link:
    """Joins a client's connection with one to the server. Each direction has a thread, so neither blocks the other."""

    def __init__(self, client: socket.socket, server: socket.socket, rules: Rules) -> None:
        self._client = client
        self._server = server
        self._rules = rules
        self._unanswered: deque[_Call] = deque()
        self._dark = False
        self._cut = threading.Event()

    def carry(self) -> None:
        """Pass messages on until the connection ends."""
        back = (self._server, self._take_reply)
        replies = threading.Thread(target=self._carry, args=back, name="redisched-proxy-replies", daemon=True)
        replies.start()
        self._carry(self._client, self._take_request)
        replies.join()
        for call in self._unanswered:
            self._observe(call, NoReply.NO_REPLY)
        self._client.close()
        self._server.close()

    def cut(self) -> None:
        """Close the connection in both directions."""
        self._cut.set()
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _carry(self, origin: socket.socket, take: Callable[[bytes], None]) -> None:
        try:
            for message in messages(origin):
                take(message)
                if self._cut.is_set():
                    break
        finally:
            # Also when the observer raises an error: otherwise the client would wait for a reply that never comes.
            self.cut()

    def _take_request(self, request: bytes) -> None:
        name = self._rules.names.name_of(tuple(islice(words_of(request), 2)))
        fault = self._rules.tally.count(Message.REQUEST, name)
        action = Action.PASS if fault is None else fault.action
        if not self._dark and action in (Action.PASS, Action.DUPLICATE):
            self._unanswered.append(_Call(name, request, wanted=True))
            if action is Action.DUPLICATE:
                self._unanswered.append(_Call(name, request, wanted=False))
        self._deliver(request, fault, self._server)

    def _take_reply(self, reply: bytes) -> None:
        if is_push(reply) or not self._unanswered:
            self._deliver(reply, None, self._client)
            return
        call = self._unanswered.popleft()
        self._observe(call, reply)
        if call.wanted:
            self._deliver(reply, self._rules.tally.count(Message.REPLY, call.name), self._client)

    def _observe(self, call: _Call, reply: bytes | NoReply) -> None:
        if self._rules.observe is not None:
            said = _parsed(reply) if isinstance(reply, bytes) else reply
            self._rules.observe(Exchange(call.name, tuple(words_of(call.request)), said))

    def _deliver(self, message: bytes, fault: Fault | None, to: socket.socket) -> None:
        action = Action.PASS if fault is None else fault.action
        pace = AT_ONCE if fault is None else fault.pace
        self._dark = self._dark or action is Action.BLACK_HOLE
        if self._dark or action is Action.DROP:
            return
        try:
            if action is Action.CUT_HALFWAY:
                to.sendall(message[: len(message) // 2])
            if action in (Action.CUT, Action.CUT_HALFWAY):
                self.cut()
                return
            for _ in range(2 if action is Action.DUPLICATE else 1):
                self._send(message, pace, to)
        except OSError:
            self.cut()

    def _send(self, message: bytes, pace: Pace, to: socket.socket) -> None:
        if pace is AT_ONCE:
            to.sendall(message)
            return
        if self._cut.wait(max(0.0, pace.delay_s + pace.jitter_s * self._rules.random.uniform(-1, 1))):
            return
        whole = len(message) if pace.bytes_per_s is None else max(1, int(pace.bytes_per_s / _PIECES_PER_S))
        size = pace.piece_bytes or whole
        for first in range(0, len(message), size):
            piece = message[first : first + size]
            to.sendall(piece)
            if pace.bytes_per_s is not None and self._cut.wait(len(piece) / pace.bytes_per_s):
                return


def _parsed(reply: bytes) -> Any:
    reader = hiredis.Reader()
    reader.feed(reply)
    return reader.gets()
