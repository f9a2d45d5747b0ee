"""Operations on Redis. Each is written once and can be run blocking or under asyncio.

An operation is a generator. It yields steps: a command, a pipeline, a pause or a wait. Whoever runs it performs
each step, and sends the reply into the generator or throws the error into it.
"""

import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar

from redisched.backoff import Backoff
from redisched.errors import BrokerError, BrokerRefused, BrokerUnavailable, WrongKeyType
from redisched.keys import ALL_TYPES, PREFIX, Keys, fleet_keys, keys_of, queues_key
from redisched.lazy import LazyModule
from redisched.store.scripts import Script, load_script

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


class Signal(Protocol):
    """What can be waited for, blocking or under asyncio, whichever the operation is run by."""

    def wait(self, within_s: float) -> None: ...
    async def wait_async(self, within_s: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until a signal is given, at most so many seconds."""

    signal: Signal
    within_s: float


Command: TypeAlias = tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Send many commands, each before the reply to the one before has arrived, so that Redis never waits for the next.

    The reply is the list of replies, in order, up to the first command that fails. Its error is not raised. Commands
    after it are not sent, but those that were sent already are executed.
    """

    commands: Iterable[Command]


IN_FLIGHT = 2
"""Commands of a pipeline that are sent and not answered. With more of them, other clients of Redis would wait
longer.
"""

Step: TypeAlias = Command | Pause | Pipeline | Wait
Operation: TypeAlias = Generator[Step, Any, T]


class ScriptMissing(BrokerError):
    """Raised when the server does not have a script loaded (NOSCRIPT)."""


class ScriptRejected(BrokerError):
    """Raised when the server cannot compile a script, for example because it does not know script flags."""


class Redirection(StrEnum):
    """What a node answers when a command is about a slot that it does not serve."""

    MOVED = "MOVED"
    """The slot belongs to another node."""
    ASK = "ASK"
    """The slot is being moved to another node, and this one command has to go there."""


class Redirected(BrokerRefused):
    """Raised when a node of a cluster redirects a command to another node.

    An empty host means the host of the node that answered.
    """

    def __init__(self, call: str, reason: str, slot: int, host: str, port: int, kind: Redirection) -> None:
        self.slot = slot
        self.host = host
        self.port = port
        self.kind = kind
        super().__init__(call, f"{reason}; this is a node of a cluster, connect to it by redis+cluster://")


class Client(Protocol):
    """Performs commands, blocking. Raises only errors of redisched.errors."""

    def perform(self, command: Command) -> Any: ...
    def perform_all(self, commands: Iterable[Command]) -> list[Any]: ...


class AsyncClient(Protocol):
    """Performs commands under asyncio. Raises only errors of redisched.errors."""

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
                elif isinstance(step, Wait):
                    step.signal.wait(step.within_s)
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
    cancellations = _cancellations()
    try:
        step = operation.send(None)
        while True:
            reply: Any = None
            try:
                if isinstance(step, tuple):
                    reply = await client.perform(step)
                elif isinstance(step, Pipeline):
                    reply = await client.perform_all(step.commands)
                elif _cancellations() > cancellations:
                    # The client library loses some that come while it connects; a caller would wait for ever.
                    raise asyncio.CancelledError
                elif isinstance(step, Wait):
                    await step.signal.wait_async(step.within_s)
                else:
                    await asyncio.sleep(step.seconds)
            except BrokerError as error:
                step = operation.throw(error)
            else:
                step = operation.send(reply)
    except StopIteration as stop:
        result: T = stop.value
        return result


def _cancellations() -> int:
    """How often the running task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


class ScriptRunner:
    """Makes the commands that call scripts, with the prefix of all keys.

    Servers before Redis 7 do not know script flags. The first script that a server rejects for its flags tells that;
    from then on scripts are sent without flags.
    """

    def __init__(self, prefix: str = PREFIX) -> None:
        self.prefix = prefix
        self.queues_key = queues_key(prefix)
        self.fleet_keys = fleet_keys(prefix)
        self._flags = True

    def keys_of(self, queue: str, shard: int = 0) -> Keys:
        """The keys of a shard of a queue whose name has been validated."""
        return keys_of(queue, shard, self.prefix)

    def script(self, name: str) -> Script:
        """The script of this name, as it is sent."""
        return load_script(name)

    def command(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        """The command that calls a script which the server has loaded."""
        script = self.script(name)
        digest = script.flagged_sha if self._flags else script.plain_sha
        return ("EVALSHA", digest, len(keys), *keys, *arguments)

    def call(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Operation[Any]:
        """Call a script by its digest, loading it where it is missing."""
        script = self.script(name)
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
        # EVAL sends the whole script and loads it, so this works even if the server has lost its scripts.
        return (yield ("EVAL", source, *rest))


def _name_wrong_key(call: str, keys: Sequence[str]) -> Operation[None]:
    """Raise WrongKeyType with the key that has the wrong type, because the server's error does not name it."""
    for key in keys:
        try:
            found = (yield ("TYPE", key)).decode()
        except BrokerRefused:
            return
        wanted = ALL_TYPES[key.rpartition(":")[2]]
        if found not in ("none", wanted):
            raise WrongKeyType(call, key, found, wanted)


class RetryPolicy(NamedTuple):
    """For how long and how often to repeat calls that Redis does not answer.

    One try may take `try_s`. No try is begun that could end later than `total_s` after `began_s`, the monotonic moment
    at which the user's call began. So all operations of one call of the user share the same time.
    """

    began_s: float
    total_s: float
    try_s: float
    backoff: Backoff
    monotonic: Callable[[], float]
    random: Callable[[], float]

    def again(self) -> "RetryPolicy":
        """The same policy with the whole time, counted from now."""
        return self.since(self.monotonic())

    def since(self, began_s: float) -> "RetryPolicy":
        """The same policy for a call that began at this monotonic moment."""
        # Every script call of `enqueue_async` needs it, and `_replace` takes five times as long.
        return tuple.__new__(RetryPolicy, (began_s, *self[1:]))

    def check(self) -> None:
        """Raise BrokerUnavailable if there is no time left for another try."""
        waited_s = self.monotonic() - self.began_s
        # The first try is always made, even if it may take longer than `total_s`.
        if waited_s > 0 and waited_s + min(self.try_s, self.total_s / 2) > self.total_s:
            raise BrokerUnavailable("the time of the call was used up", waited_s)


def with_retries(make: Callable[[], Operation[T]], retry_policy: RetryPolicy) -> Operation[T]:
    """Run an operation, and run it again until Redis answers. It must be safe to repeat.

    Raises BrokerUnavailable when the time of the policy is over, and any other error at once.
    """
    retry_policy.check()
    failures = 0
    while True:
        try:
            return (yield from make())
        except BrokerUnavailable as error:
            failures += 1
            delay_s = retry_policy.backoff.delay_s(failures, retry_policy.random)
            waited_s = retry_policy.monotonic() - retry_policy.began_s
            if waited_s + delay_s + retry_policy.try_s > retry_policy.total_s:
                raise BrokerUnavailable(error.reason, waited_s) from error
        yield Pause(delay_s)
