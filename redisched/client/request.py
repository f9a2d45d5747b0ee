"""A task on its way: everything about it checked and encoded, so that sending it cannot fail for its contents."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Self

from redisched.client.arguments import Bind
from redisched.codec import digest_of, encode_task, seal_of
from redisched.config import Durability
from redisched.identity import next_id
from redisched.model import HandlerOptions, TaskBody
from redisched.options import IMMEDIATELY, TaskOptions
from redisched.store.values import NewTask


class Sending(StrEnum):
    """Whether the id of a task may be in Redis already."""

    FIRST = "first"
    """It was made for this call, and nobody else has it."""
    UNSENT = "unsent"
    """It was never sent, and whoever has it may do so again."""
    MAYBE_AGAIN = "maybe again"
    """Somebody chose it, or has had it before: it may have been sent, from anywhere."""


def sending_of(chosen_id: str | None) -> Sending:
    """How a task is sent by the call that makes it."""
    return Sending.FIRST if chosen_id is None else Sending.MAYBE_AGAIN


class Novelty:
    """Of a request with an id of its own making: that nobody has sent it yet. A copy elsewhere is never new."""

    __slots__ = ("_process",)

    def __init__(self, process: int) -> None:
        self._process = [process]

    def use_up(self) -> Sending:
        """How to send the request now: once as one that is new, and only in the process that made it."""
        try:
            return Sending.UNSENT if self._process.pop() == os.getpid() else Sending.MAYBE_AGAIN
        except IndexError:
            return Sending.MAYBE_AGAIN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Novelty)

    def __hash__(self) -> int:
        return hash(Novelty)

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (_NO_PROCESS,)


_NO_PROCESS = 0


class TaskRequest(NamedTuple):
    """A task to enqueue. It has its id already: sending it again, as after BrokerUnavailable, adds nothing."""

    queue: str
    task: NewTask
    durable: Durability
    novelty: Novelty

    @property
    def id(self) -> str:
        return self.task.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for tasks besides their arguments: checked once, used for many.

    Limits are those of the call alone, None where the worker shall use its handler's.
    """

    name: str
    queue: str
    priority: int
    when: str
    seal: bytes
    payload_limit: int
    durable: Durability
    id: str | None = None
    max_attempts: int | None = None
    timeout_ms: int | None = None
    retention_ms: int | None = None

    @property
    def sending(self) -> Sending:
        """How a task of these terms is sent by the call that makes it."""
        return sending_of(self.id)

    def request(self, args: Sequence[Any], kwargs: Mapping[str, Any], bind: Bind) -> TaskRequest:
        """A task with these arguments. Raises NotEncodable and PayloadTooLarge.

        Under a chosen id the same call is the same task, in whichever way its arguments were given.
        """
        body = self._encode(args, kwargs)
        covered = body
        if kwargs and self.id is not None:
            by_position, by_name = bind(args, kwargs)
            covered = self._encode(by_position, dict(sorted(by_name.items())))
        record = digest_of(covered, self.seal) + body
        task = NewTask(self.id or next_id(), self.priority, self.when, record)
        return TaskRequest(self.queue, task, self.durable, Novelty(_NO_PROCESS if self.id else os.getpid()))

    def _encode(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
        body = TaskBody(self.name, args, kwargs, self.max_attempts, self.timeout_ms, self.retention_ms)
        return encode_task(body, self.payload_limit)


def agree(name: str, defaults: HandlerOptions, options: TaskOptions, payload_limit: int) -> Terms:
    """The terms of a call: its own options, over the handler's defaults."""
    # A plain int: a Priority would be sent by its name.
    priority = int(defaults.priority if options.priority is None else options.priority)
    when = options.when or IMMEDIATELY
    return Terms(
        name=name,
        queue=defaults.queue if options.queue is None else options.queue,
        priority=priority,
        when=when,
        seal=seal_of(priority, when),
        payload_limit=payload_limit,
        durable=defaults.durable if options.durable is None else options.durable,
        id=options.id,
        max_attempts=options.max_attempts,
        timeout_ms=options.timeout_ms,
        retention_ms=options.retention_ms,
    )
