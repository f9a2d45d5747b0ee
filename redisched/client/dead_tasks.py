"""What can be done to dead tasks: they are replayed, also with other arguments, or discarded."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from redisched.client.connection import Connection
from redisched.client.verbs import endings
from redisched.codec import encode_task
from redisched.conversion.conversion import Encoded
from redisched.errors import Undecodable
from redisched.model import TaskState
from redisched.routing.revival import Revival
from redisched.store.operation import Operation, with_retries
from redisched.store.store import Store
from redisched.store.values import Status
from redisched.store.view import TaskView


class ReplayOutcome(StrEnum):
    """What a call of `replay` or `replay_with` did."""

    REPLAYED = "replayed"
    """The task is due now; its attempts are counted from 0 again."""
    NOT_DEAD = "not dead"
    """The task waits, runs or has ended in another way; it is not changed."""
    ONCE = "may start only once"
    """The task has started, and its handler may start only once; it is not changed."""
    TAKEN = "key is taken"
    """Another task holds the unique key of the task; it is not changed."""


class DiscardOutcome(StrEnum):
    """What a call of `discard` did."""

    DISCARDED = "discarded"
    """The task was dead; it has ended as cancelled."""
    NOT_DEAD = "not dead"
    """The task waits, runs or has ended in another way; it is not changed."""


class Arguments(NamedTuple):
    """Other arguments for a task. `encode` answers them as they travel to the handler of this name, and raises
    InvalidArguments if it does not take them.
    """

    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    encode: Callable[[str, Sequence[Any], Mapping[str, Any]], Encoded]

    def body(self, view: TaskView, limit: int) -> bytes:
        """The body of a task with these arguments; all else in it stays. Raises Undecodable and InvalidInput."""
        if view.body is None:
            raise Undecodable(view.undecodable or "its record was lost, so that other arguments do not help")
        args, kwargs, codec = self.encode(view.body.name, self.args, self.kwargs)
        return encode_task(view.body._replace(args=args, kwargs=dict(kwargs), codec=codec), limit)


@dataclass(frozen=True, slots=True)
class Replay:
    """Lets dead tasks run again. `arguments` None keeps theirs."""

    arguments: Arguments | None = None
    states: Collection[TaskState] = (TaskState.DEAD,)

    def act(
        self, connection: Connection, store: Store, views: Sequence[TaskView]
    ) -> Operation[Sequence[ReplayOutcome | None]]:
        """As `Verb.act`. Raises InvalidInput if the arguments do not fit, with nothing changed."""
        limit = connection.settings.payload_limit
        bodies = {view.id: self.arguments.body(view, limit) if self.arguments else b"" for view in _dead(views)}
        keyed = {view.id for view in views if view.unique_key}
        statuses: dict[str, Status] = {}
        for body in dict.fromkeys(bodies.values()):
            ids = [id for id in bodies if bodies[id] == body]
            revival = Revival(connection, store.queue, store.shard, body, connection.retry_policy())
            statuses |= yield from revival.of_plain([id for id in ids if id not in keyed])
            statuses |= yield from revival.of_keyed([id for id in ids if id in keyed])
        return [_REPLAYED.get(statuses.get(view.id, Status.LOST)) for view in views]


@dataclass(frozen=True, slots=True)
class Discard:
    """Ends dead tasks for good."""

    states: Collection[TaskState] = (TaskState.DEAD,)

    def act(
        self, connection: Connection, store: Store, views: Sequence[TaskView]
    ) -> Operation[Sequence[DiscardOutcome | None]]:
        statuses: dict[str, Status] = {}
        for retention_ms, rows in endings(connection, _dead(views)).items():
            discarded = yield from with_retries(partial(store.discard, retention_ms, rows), connection.retry_policy())
            statuses |= {id: status for (id, _), status in zip(rows, discarded, strict=True)}
        return [_DISCARDED.get(statuses.get(view.id, Status.LOST)) for view in views]


def _dead(views: Sequence[TaskView]) -> list[TaskView]:
    return [view for view in views if view.state is TaskState.DEAD]


# A task that was dead a moment ago is known to be ALREADY changed if the call was repeated after a lost reply.
_REPLAYED = {
    Status.REVIVED: ReplayOutcome.REPLAYED,
    Status.ALREADY: ReplayOutcome.REPLAYED,
    Status.NOT_AGAIN: ReplayOutcome.ONCE,
    Status.TAKEN: ReplayOutcome.TAKEN,
    Status.LOST: ReplayOutcome.NOT_DEAD,
}
_DISCARDED = {
    Status.DISCARDED: DiscardOutcome.DISCARDED,
    Status.ALREADY: DiscardOutcome.DISCARDED,
    Status.LOST: DiscardOutcome.NOT_DEAD,
}
