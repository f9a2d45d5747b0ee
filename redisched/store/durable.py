"""Durable enqueues: they return only after a disk or replicas have the tasks.

WAIT and WAITAOF wait for the writes of their own connection. So they are sent on the connection of the script call, and
the number of copies that they answer is checked. A repeated call finds its tasks there and writes nothing, so WAIT
would have nothing to wait for. Therefore a small key is written before WAIT each time: a replica that has this key also
has everything that was written before it.
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
from redisched.shard_map import ShardMap
from redisched.store.enqueued import Enqueued
from redisched.store.operation import Command, Operation, Pipeline, ScriptRunner, T
from redisched.store.shard import DUPLICATE
from redisched.store.store import Store
from redisched.store.values import NewTask, Status

_IS_THERE = {status.value.encode() for status in (Status.CREATED, Status.EXISTS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """What an enqueue waits for: the disk, or `copies` replicas; and for how long."""

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
    """The store of one shard. Its enqueues raise NotDurable if the disk or the replicas do not confirm in time."""

    def __init__(self, script_runner: ScriptRunner, queue: str, shard: int, barrier: Barrier) -> None:
        super().__init__(script_runner, queue, shard)
        self._barrier = barrier

    def known(self, shard_map: ShardMap, tasks: Sequence[NewTask]) -> Operation[list[Status]]:
        """As Store.known, but answers only when the tasks that are here are durable."""
        return self._wait_for_each(super().known(shard_map, tasks), tasks)

    def enqueue(self, tasks: Sequence[NewTask], shard_map: ShardMap | None = None) -> Operation[list[Enqueued]]:
        """As Store.enqueue, but answers only when the tasks are durable."""
        return self._wait_for_each(super().enqueue(tasks, shard_map), tasks)

    def enqueue_loaded(self, task: NewTask, shard_map: ShardMap | None = None) -> Operation[Enqueued]:
        """As `enqueue`, for one task."""
        return (yield from self.enqueue([task], shard_map))[0]

    def enqueue_many(
        self, chunks: Iterable[Sequence[NewTask]], shard_map: ShardMap | None = None
    ) -> Operation[list[list[Enqueued]]]:
        """As Store.enqueue_many, but each chunk is durable before the next one is sent."""
        statuses: list[list[Enqueued]] = []
        for chunk in chunks:
            try:
                sent = yield from self.enqueue(chunk, shard_map)
            except BrokerError:
                break
            statuses.append(sent)
        return statuses

    def _wait_for_each(self, operation: Operation[T], tasks: Sequence[NewTask]) -> Operation[T]:
        """Run an operation of script calls, and wait after each call until what it wrote is durable."""
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
            # The first command failed, and a pipeline does not tell why. Sent alone, the call raises its error. If it
            # succeeds now, the pipeline is sent again, as the call is safe to repeat.
            yield call
            replies = yield Pipeline(steps)
        if len(replies) < len(steps):
            yield from self._raise_reason()
        statuses: list[bytes] = replies[0]
        confirmed = replies[-1][0] if barrier.durability is Durability.LOCAL else replies[-1]
        if confirmed < barrier.copies and any(map(_is_there, statuses)):
            ids = [task.id for task in tasks]
            raise NotDurable(ids, _OWNERS[barrier.durability], confirmed, barrier.copies)
        return statuses

    def _raise_reason(self) -> Operation[None]:
        """Raise the reason why this server does not execute the waiting command, else BrokerUnavailable."""
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


def _is_there(answer: bytes) -> bool:
    return answer in _IS_THERE or answer.startswith(DUPLICATE)
