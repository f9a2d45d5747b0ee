"""Waits for many tasks at once: all their results, or each task as soon as it has ended."""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from redisched.client.connection import Connection
from redisched.client.reference import TaskRef
from redisched.client.results import error_of, result_of
from redisched.client.waiting import waiting_for
from redisched.errors import InvalidOption, RedischedError
from redisched.store.operation import Operation
from redisched.store.view import TaskView

if TYPE_CHECKING:
    from redisched.client.end_listener import EndListener

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Generic[R_co]):
    """A task that has ended."""

    ref: TaskRef[R_co]
    """The task."""
    error: RedischedError | None
    """None if its handler returned; else what `result()` raises, such as TaskFailed or TaskCancelled."""
    _view: TaskView

    def result(self) -> R_co:
        """What the handler returned. Raises `error` if there is one."""
        result: R_co = result_of(self._view, self.ref.connection.read_result)
        return result


def gather(refs: Iterable[TaskRef[R]], timeout: float | timedelta | None = None) -> list[R]:
    """Wait until all tasks have ended, and return their results in the order of `refs`.

    As soon as one has ended without a result, its error is raised, and the others go on; `gather_ended` waits for them,
    too. `timeout` in seconds for all together; None waits for as long as it takes. Raises what `result()` raises, and
    InvalidOption for tasks of several applications.
    """
    tasks = _checked(refs)
    if not tasks:
        return []
    connection = tasks[0].connection
    connection.expect_server()
    return connection.run(_results(tasks, connection.end_listener(), timeout), "gather")


async def gather_async(refs: Iterable[TaskRef[R]], timeout: float | timedelta | None = None) -> list[R]:  # noqa: ASYNC109
    """As `gather`."""
    tasks = _checked(refs)
    if not tasks:
        return []
    connection = tasks[0].connection
    connection.expect_server()
    return await connection.run_async(_results(tasks, await connection.end_listener_async(), timeout))


def gather_ended(refs: Iterable[TaskRef[R]], timeout: float | timedelta | None = None) -> list[Ended[R]]:
    """Wait until all tasks have ended, however they end, and return them in the order of `refs`.

    `timeout` is as for `gather`. Raises ResultTimeout and InvalidOption, and BrokerUnavailable.
    """
    tasks = _checked(refs)
    ended = {one.ref: one for one in as_completed(tasks, timeout)}
    return [ended[ref] for ref in tasks]


async def gather_ended_async(refs: Iterable[TaskRef[R]], timeout: float | timedelta | None = None) -> list[Ended[R]]:  # noqa: ASYNC109
    """As `gather_ended`."""
    tasks = _checked(refs)
    ended = {one.ref: one async for one in as_completed_async(tasks, timeout)}
    return [ended[ref] for ref in tasks]


def as_completed(refs: Iterable[TaskRef[R]], timeout: float | timedelta | None = None) -> Iterator[Ended[R]]:
    """Give each task as soon as it has ended, each once.

    `timeout` in seconds for all together, from the first step of the loop. Raises ResultTimeout when it is over, and
    InvalidOption for tasks of several applications.
    """
    return _as_completed(_checked(refs), timeout)


def as_completed_async(refs: Iterable[TaskRef[R]], timeout: float | timedelta | None = None) -> AsyncIterator[Ended[R]]:
    """As `as_completed`."""
    return _as_completed_async(_checked(refs), timeout)


def _as_completed(tasks: list[TaskRef[R]], timeout: float | timedelta | None) -> Iterator[Ended[R]]:
    if not tasks:
        return
    connection = tasks[0].connection
    connection.expect_server()
    with waiting_for(tasks, connection, connection.end_listener(), timeout) as waiting:
        while ended := connection.run(waiting.next_ended(), "as_completed"):
            yield from _all_ended(ended)


async def _as_completed_async(tasks: list[TaskRef[R]], timeout: float | timedelta | None) -> AsyncIterator[Ended[R]]:  # noqa: ASYNC109
    if not tasks:
        return
    connection = tasks[0].connection
    connection.expect_server()
    with waiting_for(tasks, connection, await connection.end_listener_async(), timeout) as waiting:
        while ended := await connection.run_async(waiting.next_ended()):
            for one in _all_ended(ended):
                yield one


def _checked(refs: Iterable[TaskRef[R]]) -> list[TaskRef[R]]:
    """The references as a list. Raises InvalidOption unless they all are references of one application."""
    if not isinstance(refs, Iterable):
        raise InvalidOption("refs", refs, "a list or another iterable of references to tasks")
    tasks: list[Any] = list(refs)
    for ref in tasks:
        if not isinstance(ref, TaskRef):
            raise InvalidOption("refs", ref, "references to tasks, as `enqueue` returns them")
    connections: list[Connection] = [ref.connection for ref in tasks]
    if any(connection is not connections[0] for connection in connections):
        raise InvalidOption("refs", tasks, "references of one Scheduler; gather those of each Scheduler by themselves")
    return tasks


def _all_ended(ended: Iterable[tuple[TaskRef[R], TaskView]]) -> Iterator[Ended[R]]:
    return (Ended(ref=ref, error=error_of(view), _view=view) for ref, view in ended)


def _results(tasks: list[TaskRef[R]], listener: "EndListener", timeout: float | timedelta | None) -> Operation[list[R]]:
    results: dict[TaskRef[R], R] = {}
    with waiting_for(tasks, tasks[0].connection, listener, timeout) as waiting:
        while ended := (yield from waiting.next_ended()):
            for ref, view in ended:
                results[ref] = result_of(view, ref.connection.read_result)
    return [results[ref] for ref in tasks]
