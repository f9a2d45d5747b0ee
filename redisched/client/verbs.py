"""What can be done to tasks from outside of their handlers, and how each call ends. A verb acts on many tasks at once.

Whether it is given one task, many ids or a filter, the same code acts.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Protocol, TypeVar

from redisched.client.connection import Connection
from redisched.codec import encode_outcome
from redisched.errors import InvalidOption
from redisched.filters.filter import EVERY_STATE
from redisched.identity import is_given
from redisched.model import Keep, Outcome, TaskState, retention_of
from redisched.option_checks import check_delay, check_priority, check_run_at
from redisched.store.operation import Operation, with_retries
from redisched.store.store import Store
from redisched.store.values import Reprioritization, Status
from redisched.store.view import PENDING, TaskView

O_co = TypeVar("O_co", covariant=True)


class CancelOutcome(StrEnum):
    """What a call of `cancel` did."""

    CANCELLED = "cancelled"
    """The task was waiting; it will never run."""
    CANCELLING = "cancelling"
    """A worker has the task and is told within a second. The task may still finish before that."""
    ENDED = "ended"
    """The task had ended before."""


class ChangeOutcome(StrEnum):
    """What a call of `reprioritize`, `reschedule` or `run_now` did."""

    CHANGED = "changed"
    """The task waits with its new priority or time."""
    LEASED = "leased"
    """A worker has the task; it is not changed."""
    EXPIRES = "expires"
    """The task would expire before its new time; it is not changed."""
    ENDED = "ended"
    """The task had ended before."""


class Verb(Protocol[O_co]):
    """Acts on tasks of one shard. `states` are those of the tasks for which it can do anything."""

    @property
    def states(self) -> Collection[TaskState]: ...

    def act(self, connection: Connection, store: Store, views: Sequence[TaskView]) -> Operation[Sequence[O_co | None]]:
        """Act on tasks, and return the outcome for each, None for one that is unknown by now. Safe to repeat."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """Does nothing: the outcome is the state of the task."""

    states: Collection[TaskState] = EVERY_STATE

    def act(self, _connection: Connection, _store: Store, views: Sequence[TaskView]) -> Operation[Sequence[TaskState]]:
        yield from ()
        return [view.state for view in views]


@dataclass(frozen=True, slots=True)
class StateTally:
    """Does nothing: the tasks are counted by their states, and no outcome is kept, however many they are."""

    states: Collection[TaskState]
    by_state: Counter[TaskState] = field(default_factory=Counter)

    def act(self, _connection: Connection, _store: Store, views: Sequence[TaskView]) -> Operation[Sequence[None]]:
        yield from ()
        self.by_state.update(view.state for view in views)
        return [None] * len(views)


@dataclass(frozen=True, slots=True)
class Cancel:
    """Keeps tasks from running; tells the handlers of those that run to stop."""

    states: Collection[TaskState] = frozenset({*PENDING, TaskState.LEASED, TaskState.RUNNING})

    def act(
        self, connection: Connection, store: Store, views: Sequence[TaskView]
    ) -> Operation[Sequence[CancelOutcome | None]]:
        outcomes: dict[str, CancelOutcome | None] = {}
        for retention_ms, rows in endings(connection, views).items():
            cancel = partial(store.cancel, retention_ms, rows)
            statuses = yield from with_retries(cancel, connection.retry_policy())
            outcomes |= {id: _CANCELLED.get(status) for (id, _), status in zip(rows, statuses, strict=True)}
        return [outcomes[view.id] for view in views]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprioritize:
    """Changes the priority or the time of waiting tasks, as the store takes them: "" leaves one as it is."""

    priority: int | str = ""
    when: str = ""
    states: Collection[TaskState] = frozenset(PENDING)

    def act(
        self, connection: Connection, store: Store, views: Sequence[TaskView]
    ) -> Operation[Sequence[ChangeOutcome | None]]:
        """As `Verb.act`. Raises InvalidOption for a time after the year 2109."""
        rows = [Reprioritization(view.id, self.priority, self.when) for view in views]
        statuses = yield from with_retries(partial(store.reprioritize, rows), connection.retry_policy())
        if Status.TOO_LATE in statuses:
            raise InvalidOption("delay", f"{self.when[1:]} ms", "a time before the year 2109")
        return [_CHANGED.get(status) for status in statuses]


_CHANGED = {
    Status.REPRIORITIZED: ChangeOutcome.CHANGED,
    Status.LEASED: ChangeOutcome.LEASED,
    Status.EXPIRES: ChangeOutcome.EXPIRES,
    Status.ENDED: ChangeOutcome.ENDED,
}
RUN_NOW = Reprioritize(when="+0")


def reprioritization(priority: object) -> Reprioritize:
    """Gives tasks another priority. Raises InvalidOption."""
    return Reprioritize(priority=int(check_priority("priority", priority)))


def rescheduling(delay: object, run_at: object) -> Reprioritize:
    """Gives tasks another time: `delay` from now on, or `run_at`. Raises InvalidOption."""
    if (delay is None) == (run_at is None):
        raise InvalidOption("delay", delay, "given, or run_at, and not both")
    return Reprioritize(when=check_run_at("run_at", run_at) if delay is None else check_delay("delay", delay))


_CANCELLED = {
    Status.CANCELLED: CancelOutcome.CANCELLED,
    Status.CANCELLING: CancelOutcome.CANCELLING,
    Status.ENDED: CancelOutcome.ENDED,
}


def endings(connection: Connection, views: Sequence[TaskView]) -> dict[int, list[tuple[str, bytes]]]:
    """The id and the outcome of each task once it is cancelled, by how long the scripts keep it.

    The outcome is encoded here and written by whatever ends the task. It says the name of the handler, and the body
    says how much of the task is kept, so bodies must be known.
    """
    rows: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
    settings = connection.settings
    for view in views:
        own_ms, keep = (None, None) if view.body is None else (view.body.retention_ms, view.body.keep)
        retention_ms = round(settings.retention_s * 1000) if own_ms is None else own_ms
        retention = retention_of(
            retention_ms, keep or Keep.RESULT, is_own=own_ms is not None, has_chosen_id=not is_given(view.id)
        )
        failure = view.failure
        attempt, worker = (failure.attempt, failure.worker) if failure and view.state is TaskState.DEAD else (0, "")
        ended = Outcome(TaskState.CANCELLED, view.name, attempt, worker, ended_ms=view.now_ms)
        rows[retention.told_ms].append((view.id, encode_outcome(ended, settings.payload_limit, retention.keep)))
    return rows
