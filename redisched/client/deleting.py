"""Deleting tasks, and how each call ends."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from redisched.client.connection import Connection
from redisched.codec import encode_outcome
from redisched.filters.filter import EVERY_STATE
from redisched.model import Keep, Outcome, TaskState, retention_of
from redisched.store.deleting import delete_tasks
from redisched.store.operation import Operation, with_retries
from redisched.store.store import Store
from redisched.store.values import Status
from redisched.store.view import PENDING, TaskView

_RETENTION_MS = retention_of(0, Keep.NOTHING, is_own=True).told_ms
WITH_WORKERS = frozenset({TaskState.LEASED, TaskState.RUNNING})
"""The states of the tasks that are never deleted."""
PURGED = (*PENDING, TaskState.DEAD)
"""The states of the tasks that a purge deletes, unless it is told otherwise."""


class DeleteOutcome(StrEnum):
    """What a call of `delete` did."""

    DELETED = "deleted"
    """The task is gone with all its data. For 15 seconds its id is still known, so that a call that is repeated does
    not add it again.
    """
    LEASED = "leased"
    """A worker has the task; it is not changed."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Removes tasks that no worker has: those that wait, are dead, or have ended."""

    states: Collection[TaskState] = EVERY_STATE - WITH_WORKERS

    def act(
        self, connection: Connection, store: Store, views: Sequence[TaskView]
    ) -> Operation[Sequence[DeleteOutcome | None]]:
        limit = connection.settings.payload_limit
        outcomes = [Outcome(TaskState.CANCELLED, view.name, ended_ms=view.now_ms) for view in views]
        ended = [encode_outcome(outcome, limit, Keep.NOTHING) for outcome in outcomes]
        rows = [(view.id, outcome) for view, outcome in zip(views, ended, strict=True)]
        delete = partial(delete_tasks, connection.script_runner, store.queue, store.shard, _RETENTION_MS, rows)
        statuses = yield from with_retries(delete, connection.retry_policy())
        return [_DELETED.get(status) for status in statuses]


_DELETED = {Status.DELETED: DeleteOutcome.DELETED, Status.LEASED: DeleteOutcome.LEASED}
