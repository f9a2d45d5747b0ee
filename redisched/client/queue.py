"""A queue as a whole."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar

from redisched.client import queue_verbs
from redisched.client.connection import Connection
from redisched.client.deleting import PURGED, Delete, DeleteOutcome
from redisched.client.selecting import Change, Matching, filter_of, states_of
from redisched.client.selection import Selection
from redisched.store.operation import Operation
from redisched.store.pausing import QueuePause
from redisched.store.view import QueueCounts

P = ParamSpec("P")
T = TypeVar("T")

_Make = Callable[Concatenate[Connection, str, P], Operation[T]]
"""Makes an operation on a queue, given a connection, the name of the queue, and what else it needs."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of an application, by its name. Every call acts on all of its shards, and can be repeated."""

    name: str
    """The name of the queue."""
    _connection: Connection = field(repr=False)

    def pause(self, duration: float | timedelta | str | None = None) -> QueuePause:
        """Keep workers from taking tasks until the queue is resumed, or for `duration`, in seconds or such
        as "10m".

        On return no worker takes a task any more. What workers have already, they finish, and tasks can still be
        enqueued. A queue that is paused already gets the new duration. Raises InvalidOption for a bad duration.
        """
        return self._run("pause", queue_verbs.pause, duration)

    async def pause_async(self, duration: float | timedelta | str | None = None) -> QueuePause:
        """As `pause`."""
        return await self._run_async(queue_verbs.pause, duration)

    def resume(self) -> None:
        """Let workers take tasks again; idle ones are woken. Nothing happens if the queue is not paused."""
        self._run("resume", queue_verbs.resume)

    async def resume_async(self) -> None:
        """As `resume`."""
        await self._run_async(queue_verbs.resume)

    def paused(self) -> QueuePause | None:
        """Since when the queue is paused, until when, and by whom; None if it is not paused."""
        return self._run("paused", queue_verbs.paused)

    async def paused_async(self) -> QueuePause | None:
        """As `paused`."""
        return await self._run_async(queue_verbs.paused)

    def drain(self, timeout: float | timedelta | str | None = None) -> QueueCounts:
        """Wait until no task of the queue is due and workers have none of it, and answer what is left: tasks that wait
        for their time, and dead ones. Of a paused queue, due tasks are left too, and only what workers have is awaited.

        Nothing is refused: what producers add meanwhile is awaited as well. `timeout` in seconds, or such as "10m";
        None waits for as long as it takes. Raises DrainTimeout, and InvalidOption for a bad timeout.
        """
        return self._run("drain", queue_verbs.drain, timeout)

    async def drain_async(self, timeout: float | timedelta | str | None = None) -> QueueCounts:  # noqa: ASYNC109 - the twin of drain
        """As `drain`."""
        return await self._run_async(queue_verbs.drain, timeout)

    def purge(self, state: str | Collection[str] = PURGED) -> list[Change[DeleteOutcome]]:
        """Delete the tasks that wait or are dead, or those in the given states, unless a worker has them.

        Answers as `delete` of a selection. Raises InvalidOption for a state that is none,
        or in which no task is deleted.
        """
        return self._tasks(state).delete()

    async def purge_async(self, state: str | Collection[str] = PURGED) -> list[Change[DeleteOutcome]]:
        """As `purge`."""
        return await self._tasks(state).delete_async()

    def remove(self) -> None:
        """Remove all keys of the queue, with the results of its tasks that have ended, and take it off the list of
        queues. Raises QueueNotEmpty if it has tasks that have not ended, or schedules.

        Workers may go on serving it. It is there again when a program enqueues its first task in it.
        """
        self._run("remove", queue_verbs.remove)

    async def remove_async(self) -> None:
        """As `remove`."""
        await self._run_async(queue_verbs.remove)

    def _tasks(self, state: str | Collection[str]) -> Selection:
        states = states_of(state, Delete().states)
        return Selection(Matching(filter_of(None, self.name, None, states, None)), self._connection)

    def _run(self, call: str, make: _Make[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._connection.expect_server()
        return self._connection.run(make(self._connection, self.name, *args, **kwargs), call)

    async def _run_async(self, make: _Make[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._connection.expect_server()
        await self._connection.open_async()
        return await self._connection.run_async(make(self._connection, self.name, *args, **kwargs))
