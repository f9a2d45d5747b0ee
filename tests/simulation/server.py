"""The simulated server: carries out what arrives, blocks, stalls, restarts, and fails over to a replica that lags.

It has a clock of its own. Watchers are told of each script call with its reply, and of calls that a failover undid.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from typing import Any, Protocol

from redis.exceptions import ResponseError

from redisched.store.operation import ScriptRunner
from redisched.store.shard import ALL_KEYS
from tests.house.checkout import SCRIPTS
from tests.simulation.kernel import Kernel
from tests.simulation.miniature import Miniature, Snapshot
from tests.simulation.network import Pipe

BEGAN_US = 1_800_000_000_000_000
"""The server's time when a world begins: in January 2027."""
LAG_CALLS = 25
"""By how many calls of scripts a replica lags at most."""


@dataclass(frozen=True, slots=True)
class Call:
    """A script that was carried out. `caller` is the process that sent it; the reply to a stray call is dropped."""

    script: str
    caller: str
    is_stray: bool
    at_us: int
    """The world's time."""
    now_us: int
    """The server's time."""
    arguments: list[bytes]
    reply: list[Any]


class Watcher(Protocol):
    """Is called with everything that changes the queue."""

    def observe(self, call: Call) -> None: ...
    def undo(self, kept: int) -> None:
        """Only the first so many calls are on the new primary; all later ones are undone."""


class Server:
    """One server. No client can connect while it is down; while it stalls, requests wait."""

    def __init__(self, kernel: Kernel, keeps_replica: bool) -> None:
        self._kernel = kernel
        self._keeps_replica = keeps_replica
        self._ahead_us = BEGAN_US
        self._stalls_until_us = -1
        self._pipes: dict[Pipe, None] = {}
        self._waiting: dict[Pipe, bytes] = {}
        self._calls = 0
        self._replica: deque[tuple[int, Snapshot]] = deque(maxlen=LAG_CALLS)
        self._names = script_names()
        self.miniature = Miniature(self.now_us)
        self.miniature.on_publish = self._publish
        self.subscribers: dict[Pipe, bytes] = {}
        """What each connection listens to that waits for messages."""
        self.is_up = True
        self.failed_over_us = -1
        self.outages: list[tuple[int, int]] = []
        """When the latest stall began and ended."""
        self._went_down_us = -1
        self._troubled_us = -1
        self.watchers: list[Watcher] = []
        self.on_read: Callable[[Call], None] = lambda _: None
        """Is called with every script that only reads."""

    def at_us(self) -> int:
        """The world's time."""
        return self._kernel.now_us

    def now_us(self) -> int:
        """The time on its clock."""
        return self._kernel.now_us + self._ahead_us

    def troubled_us(self) -> int:
        """Until when a fault last kept it from answering, or cut its connections; -1 for never."""
        return max(self._troubled_us, self._stalls_until_us) if self.is_up else self._kernel.now_us

    def greet(self, pipe: Pipe) -> bool:
        """Whether a new connection is accepted."""
        if self.is_up:
            self._pipes[pipe] = None
        return self.is_up

    def receive(self, pipe: Pipe, command: list[bytes]) -> None:
        """A request arrived; it is carried out after all earlier ones on its connection."""
        if pipe in self._pipes:
            pipe.pending.append(command)
            self._carry_out(pipe)

    def hang_up(self, pipe: Pipe) -> None:
        """A connection is gone; its waiting requests are dropped."""
        self._pipes.pop(pipe, None)
        self._waiting.pop(pipe, None)
        self.subscribers.pop(pipe, None)

    def stall(self, seconds: float) -> None:
        """Do nothing for a while."""
        self._stalls_until_us = max(self._stalls_until_us, self._kernel.now_us + int(seconds * 1e6))
        self.outages.append((self._kernel.now_us, self._stalls_until_us))

    def set_clock(self, ahead_s: float) -> None:
        """Set the clock ahead, or back."""
        self._ahead_us += int(ahead_s * 1e6)

    def cut_all(self, leave: Callable[[Pipe], None]) -> None:
        """Drop every connection, in a way given by the caller."""
        self._troubled_us = self._kernel.now_us
        for pipe in list(self._pipes):
            self.hang_up(pipe)
            leave(pipe)

    def go_down(self, leave: Callable[[Pipe], None]) -> None:
        """Stop, with scripts forgotten; data are kept."""
        self.is_up = False
        self._went_down_us = self._kernel.now_us
        self.cut_all(leave)
        self.miniature.scripts.clear()

    def come_up(self) -> None:
        self.is_up = True
        self._troubled_us = self._kernel.now_us
        self.outages.append((self._went_down_us, self._kernel.now_us))

    def lose(self, calls: int) -> None:
        """Continue as a replica that lacks the last calls, if a replica is kept."""
        self.failed_over_us = self._kernel.now_us
        lost = min(calls, len(self._replica))
        if lost:
            kept, snapshot = self._replica[-lost]
            self.miniature.restore(snapshot)
            self._calls = kept
            self._replica.clear()
            for watcher in self.watchers:
                watcher.undo(kept)

    def remembers_claims(self) -> bool:
        """Whether the server remembers a claim, to answer it again."""
        return any(key.endswith(b":claims") for key in self.miniature.data)

    def _carry_out(self, pipe: Pipe) -> None:
        if self._kernel.now_us < self._stalls_until_us:
            self._kernel.at(self._stalls_until_us, self._carry_out, pipe)
            return
        while pipe.pending and pipe in self._pipes and pipe not in self._waiting:
            command = pipe.pending.popleft()
            if command[0] == b"BLPOP":
                self._wait(pipe, command)
            elif command[0] == b"SUBSCRIBE":
                self.subscribers[pipe] = command[1]
                pipe.reply(command, [b"subscribe", command[1], 1])
            else:
                pipe.reply(command, self._execute(pipe, command))
                self._wake()

    def _execute(self, pipe: Pipe, command: list[bytes]) -> Any:
        name = self._names.get(digest_of(command))
        changes = name is not None and not name.startswith("read/")
        if changes and self._keeps_replica:
            self._replica.append((self._calls, self.miniature.snapshot()))
        try:
            reply = self.miniature.execute(command)
        except ResponseError as error:
            return error
        if name is not None and reply != ALL_KEYS:
            arguments = command[3 + int(command[2]) :]
            call = Call(str(name), pipe.caller, pipe.is_silent, self._kernel.now_us, self.now_us(), arguments, reply)
            self._calls += changes
            for observe in [watcher.observe for watcher in self.watchers] if changes else [self.on_read]:
                observe(call)
        return reply

    def _publish(self, channel: bytes, message: bytes) -> int:
        listening = [pipe for pipe, heard in self.subscribers.items() if heard == channel]
        for pipe in listening:
            pipe.reply([], [b"message", channel, message])
        return len(listening)

    def _wait(self, pipe: Pipe, command: list[bytes]) -> None:
        _, key, seconds = command
        element = self.miniature.pop(key)
        if element is not None:
            pipe.reply(command, [key, element])
            return
        self._waiting[pipe] = key
        pipe.pending.appendleft(command)
        self._kernel.after(int(seconds) * 1e6, self._give_up, pipe, command)

    def _give_up(self, pipe: Pipe, command: list[bytes]) -> None:
        if self._kernel.now_us < self._stalls_until_us:
            self._kernel.at(self._stalls_until_us, self._give_up, pipe, command)
        elif pipe in self._waiting and pipe.pending[0] is command:
            self._answer(pipe, None)

    def _wake(self) -> None:
        for pipe, key in list(self._waiting.items()):
            element = self.miniature.pop(key) if pipe in self._waiting else None
            if element is not None:
                self._answer(pipe, [key, element])

    def _answer(self, pipe: Pipe, reply: list[bytes] | None) -> None:
        del self._waiting[pipe]
        pipe.reply(pipe.pending.popleft(), reply)
        self._carry_out(pipe)


def digest_of(command: list[bytes]) -> bytes:
    """The digest of the script that a command calls, if it calls one."""
    if command[0] == b"EVAL":
        return sha1(command[1], usedforsecurity=False).hexdigest().encode()
    return command[1] if command[0] == b"EVALSHA" else b""


def script_names() -> dict[bytes, str]:
    """The name of every script by its digest. Read late, as tests may have planted bugs."""
    paths = [path for path in sorted(SCRIPTS.rglob("*.lua")) if path.parent.name != "lib"]
    names = [path.relative_to(SCRIPTS).with_suffix("").as_posix() for path in paths]
    return {str(ScriptRunner().command(name, (), ())[1]).encode(): name for name in names}
