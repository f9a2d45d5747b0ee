"""Operations on Redis, written once and run either way: blocking or under asyncio.

An operation is a generator. It yields the steps it needs done, a command or a pause, and is sent their replies;
errors are thrown into it. Whoever runs it decides how a step is done, so no operation exists twice.
"""

import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from redisched.backoff import Backoff
from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable, WrongKeyType
from redisched.keys import PREFIX, TYPES, Keys, keys_of, queues_key
from redisched.lazy import LazyModule
from redisched.store.scripts import load_script

if TYPE_CHECKING:
    import asyncio
else:
    asyncio = LazyModule("asyncio")

T = TypeVar("T")
Argument: TypeAlias = str | bytes | int


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait before going on."""

    seconds: float


Command: TypeAlias = tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Perform commands so that Redis always has the next one while it is at the last.

    Answered with the replies in their order, up to the first command that fails: neither its error is raised, nor is
    anything after it begun, but for what Redis had already.
    """

    commands: Iterable[Command]


IN_FLIGHT = 2
"""Commands of a pipeline that Redis has at a time: more would keep it from others for longer."""

Step: TypeAlias = Command | Pause | Pipeline
Operation: TypeAlias = Generator[Step, Any, T]


class ScriptMissing(BrokerError):
    """Raised when the server does not have a script loaded (NOSCRIPT)."""


class ScriptRejected(BrokerError):
    """Raised when the server cannot compile a script, as one that knows no flags cannot."""


class Redirection(StrEnum):
    """What a node says of a slot that is not its own."""

    MOVED = "MOVED"
    """The slot belongs to another node."""
    ASK = "ASK"
    """The slot is on its way to another node, which has to be asked this once."""


class Redirected(BrokerRefused):
    """Raised when a node of a cluster sends one to another.

    An empty host means that of the node that said so.
    """

    def __init__(self, call: str, reason: str, slot: int, host: str, port: int, kind: Redirection) -> None:
        self.slot = slot
        self.host = host
        self.port = port
        self.kind = kind
        super().__init__(call, f"{reason}; this is a node of a cluster, connect to it by redis+cluster://")


class Client(Protocol):
    """Performs commands, blocking; errors are of redisched's own tree."""

    def perform(self, command: Command) -> Any: ...
    def perform_all(self, commands: Iterable[Command]) -> list[Any]: ...


class AsyncClient(Protocol):
    """Performs commands under asyncio; errors are of redisched's own tree."""

    def perform(self, command: Command) -> Awaitable[Any]: ...
    def perform_all(self, commands: Iterable[Command]) -> Awaitable[list[Any]]: ...


def run(operation: Operation[T], client: Client) -> T:
    """Run an operation to its end, blocking."""
    try:
        step = operation.send(None)
        while True:
            reply: Any = None
            try:
                if isinstance(step, tuple):
                    reply = client.perform(step)
                elif isinstance(step, Pipeline):
                    reply = client.perform_all(step.commands)
                else:
                    time.sleep(step.seconds)
            except BrokerError as error:
                step = operation.throw(error)
            else:
                step = operation.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def run_async(operation: Operation[T], client: AsyncClient) -> T:
    """Run an operation to its end under asyncio."""
    try:
        step = operation.send(None)
        while True:
            reply: Any = None
            try:
                if isinstance(step, tuple):
                    reply = await client.perform(step)
                elif isinstance(step, Pipeline):
                    reply = await client.perform_all(step.commands)
                else:
                    await asyncio.sleep(step.seconds)
            except BrokerError as error:
                step = operation.throw(error)
            else:
                step = operation.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result


class Dialect:
    """How a Redis is spoken to: what all keys begin with, and whether the server knows script flags, which is learnt
    from the first script it is given.
    """

    def __init__(self, prefix: str = PREFIX) -> None:
        self.prefix = prefix
        self.queues_key = queues_key(prefix)
        self._flags = True

    def keys_of(self, queue: str, shard: int = 0) -> Keys:
        """The keys of a shard of a queue whose name has been validated."""
        return keys_of(queue, shard, self.prefix)

    def command(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that calls a script which the server has loaded."""
        script = load_script(name)
        digest = script.flagged_sha if self._flags else script.plain_sha
        return ("EVALSHA", digest, len(keys), *keys, *arguments)

    def call(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Operation[Any]:
        """Call a script by its digest, loading it where it is missing."""
        script = load_script(name)
        rest = (len(keys), *keys, *arguments)
        try:
            if self._flags:
                try:
                    return (yield from _evaluate(script.flagged, script.flagged_sha, rest))
                except ScriptRejected:
                    self._flags = False
            return (yield from _evaluate(script.plain, script.plain_sha, rest))
        except BrokerRefused as error:
            if "WRONGTYPE" in error.reason:
                yield from _name_wrong_key(name, keys)
            raise


def _evaluate(source: str, digest: str, rest: Command) -> Operation[Any]:
    try:
        return (yield ("EVALSHA", digest, *rest))
    except ScriptMissing:
        # Loads it, too; a server that forgets its scripts in between cannot make this fail.
        return (yield ("EVAL", source, *rest))


def _name_wrong_key(call: str, keys: Sequence[str]) -> Operation[None]:
    """Raises WrongKeyType for the key at which a script failed: servers say that there is one, and not which."""
    for key in keys:
        try:
            found = (yield ("TYPE", key)).decode()
        except BrokerRefused:
            return
        wanted = TYPES[key.rpartition(":")[2]]
        if found not in ("none", wanted):
            raise WrongKeyType(call, key, found, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on repeating what Redis does not answer.

    A try may take `try_s`; none is begun that could end later than `total_s` after `began_s`, a monotonic moment: that
    at which the call of the user began, so that all of its parts together take no longer.
    """

    began_s: float
    total_s: float
    try_s: float
    backoff: Backoff
    monotonic: Callable[[], float]
    random: Callable[[], float]

    def again(self) -> "Patience":
        """As much of it, from now on."""
        return replace(self, began_s=self.monotonic())

    def check(self) -> None:
        """Raises BrokerUnavailable where there is no time for another try."""
        waited_s = self.monotonic() - self.began_s
        # One try is always made, even one that may take longer than all the time there is.
        if waited_s > 0 and waited_s + min(self.try_s, self.total_s / 2) > self.total_s:
            raise BrokerUnavailable("the time of the call was used up", waited_s)


def persist(make: Callable[[], Operation[T]], patience: Patience) -> Operation[T]:
    """Repeat a replay-safe operation until Redis answers it.

    Raises BrokerUnavailable when patience ends, and any other error at once.
    """
    patience.check()
    failures = 0
    while True:
        try:
            return (yield from make())
        except BrokerUnavailable as error:
            failures += 1
            delay_s = patience.backoff.delay_s(failures, patience.random)
            waited_s = patience.monotonic() - patience.began_s
            if waited_s + delay_s + patience.try_s > patience.total_s:
                raise BrokerUnavailable(error.reason, waited_s) from error
        yield Pause(delay_s)
