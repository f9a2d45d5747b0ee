"""Enqueues that are answered when a disk or replicas have them, too.

WAIT and WAITAOF tell how far what their own connection wrote has come, so they go with the script call on one
connection, and the number that they answer is checked. A call that is repeated writes nothing, and they would be
content with that: so something is written before them each time, which no replica can have without what came before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from redisched.config import Durability
from redisched.errors import (
    AccessDenied,
    BrokerError,
    BrokerMisconfigured,
    BrokerRefused,
    BrokerUnavailable,
    NotDurable,
)
from redisched.layout import Layout
from redisched.store.operation import Command, Operation, Pipeline, ScriptRunner, T
from redisched.store.store import Store
from redisched.store.values import NewTask, Status

_IS_THERE = {status.value.encode() for status in (Status.CREATED, Status.EXISTS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """What an enqueue waits for, and for how long: for a disk, or for so many replicas."""

    durability: Durability
    copies: int
    wait_ms: int

    @property
    def command(self) -> Command:
        """The command that waits."""
        if self.durability is Durability.LOCAL:
            return ("WAITAOF", 1, 0, self.wait_ms)
        return ("WAIT", self.copies, self.wait_ms)


class DurableStore(Store):
    """The edges of one shard, whose enqueues raise NotDurable when what they wait for does not come."""

    def __init__(self, script_runner: ScriptRunner, queue: str, shard: int, barrier: Barrier) -> None:
        super().__init__(script_runner, queue, shard)
        self._barrier = barrier

    def known(self, layout: Layout, tasks: Sequence[NewTask]) -> Operation[list[Status]]:
        """As the store's; what is here is durable."""
        return self._durably(super().known(layout, tasks), tasks)

    def enqueue(self, tasks: Sequence[NewTask], layout: Layout | None = None) -> Operation[list[Status]]:
        """As the store's; what is here is durable."""
        return self._durably(super().enqueue(tasks, layout), tasks)

    def enqueue_loaded(self, task: NewTask, layout: Layout | None = None) -> Operation[Status]:
        """As `enqueue`, for one task."""
        return (yield from self.enqueue([task], layout))[0]

    def enqueue_many(
        self, chunks: Iterable[Sequence[NewTask]], layout: Layout | None = None
    ) -> Operation[list[list[Status]]]:
        """As the store's, but that each chunk is waited for before the next is sent."""
        statuses: list[list[Status]] = []
        for chunk in chunks:
            try:
                sent = yield from self.enqueue(chunk, layout)
            except BrokerError:
                break
            statuses.append(sent)
        return statuses

    def _durably(self, operation: Operation[T], tasks: Sequence[NewTask]) -> Operation[T]:
        """Do an operation whose every step is a script call, and have each waited for."""
        try:
            step = operation.send(None)
            while True:
                assert isinstance(step, tuple)
                try:
                    reply = yield from self._call(step, tasks)
                except BrokerError as error:
                    step = operation.throw(error)
                else:
                    step = operation.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _call(self, call: Command, tasks: Sequence[NewTask]) -> Operation[list[bytes]]:
        barrier = self._barrier
        steps = (call, ("SET", self.keys.barrier, "1"), barrier.command)
        replies = yield Pipeline(steps)
        if not replies:
            # A pipeline does not tell why it ended. By itself the call does, and can be repeated.
            yield call
            replies = yield Pipeline(steps)
        if len(replies) < len(steps):
            yield from self._hear_why()
        statuses: list[bytes] = replies[0]
        confirmed = replies[-1][0] if barrier.durability is Durability.LOCAL else replies[-1]
        if confirmed < barrier.copies and not _IS_THERE.isdisjoint(statuses):
            ids = [task.id for task in tasks]
            raise NotDurable(ids, _OWNERS[barrier.durability], confirmed, barrier.copies)
        return statuses

    def _hear_why(self) -> Operation[None]:
        """Raises what keeps this server from waiting, else BrokerUnavailable."""
        name, *arguments, _ = self._barrier.command
        try:
            yield (name, *arguments, 1)
        except AccessDenied:
            raise
        except BrokerRefused as error:
            if "appendonly is disabled" in error.reason:
                raise BrokerMisconfigured("appendonly", "no", "yes") from error
            durability = self._barrier.durability
            reason = f"{error.reason}; durable={durability.value!r} needs {_NEEDS[durability]}"
            raise BrokerRefused(error.call, reason) from error
        raise BrokerUnavailable("the connection was lost before the task was known to be durable", 0.0)


_OWNERS = {Durability.LOCAL: "disks", Durability.REPLICA: "replicas"}
_NEEDS = {Durability.LOCAL: "Redis 7.2, Valkey, or later", Durability.REPLICA: "a server that has replicas"}
