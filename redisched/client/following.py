"""Reads how far a task has come, once or again and again until it ends."""

from typing import Protocol

from redisched.client.connection import Connection
from redisched.client.results import has_ended
from redisched.errors import UnknownTask
from redisched.model import TaskState
from redisched.store.operation import Operation, Pause, with_retries
from redisched.store.reported import Reported, read_report
from redisched.store.view import TaskView

LOOK_EVERY_S = 1.0


class Looking(Protocol):
    """A reference to a task, which finds it."""

    @property
    def id(self) -> str: ...
    def look(self) -> Operation[TaskView]: ...


def report_of(ref: Looking, connection: Connection) -> Operation[Reported]:
    """What the handlers of a task have told. Raises UnknownTask."""
    view = yield from ref.look()
    if view.state is TaskState.UNKNOWN:
        raise UnknownTask(ref.id)
    return (yield from _read(connection, view, after=0))


class FollowedTask:
    """Follows a task: reads it once a second, and answers what has changed."""

    def __init__(self, connection: Connection, view: TaskView) -> None:
        self._connection = connection
        self._view = view
        self._told: Reported | None = None
        self._last_line = 0

    @property
    def has_ended(self) -> bool:
        """Whether the task had ended at the latest change, which is then the last one."""
        return self._told is not None and has_ended(self._told.view)

    def next_change(self) -> Operation[Reported]:
        """Wait until the state, the progress or the log of the task has changed; the first call answers at once.

        The log has only lines that were not answered before; if their numbers do not follow on those, the lines between
        were dropped meanwhile. Raises UnknownTask if the task was forgotten meanwhile.
        """
        while True:
            if self._told is not None:
                yield Pause(LOOK_EVERY_S)
            found = yield from _read(self._connection, self._view, self._last_line)
            if found.view.state is TaskState.UNKNOWN:
                raise UnknownTask(self._view.id)
            if self._told is None or found.log.lines or _facts(found) != _facts(self._told):
                self._told = found
                self._last_line = max((line.number for line in found.log.lines), default=self._last_line)
                return found


def _read(connection: Connection, view: TaskView, after: int) -> Operation[Reported]:
    def read() -> Operation[Reported]:
        return read_report(connection.script_runner, view.queue, view.shard, view.id, after)

    return (yield from with_retries(read, connection.retry_policy()))


def _facts(reported: Reported) -> tuple[object, ...]:
    view = reported.view
    return view.state, view.attempts, view.crashes, view.worker, view.cancel_requested, reported.progress
