"""Waits until tasks have ended. The caller is told of each end, and looks now and then in case a message was lost.

Every look notes the caller again as a watcher of the tasks. While messages do not arrive, because the connection for
them is lost or a worker may not publish, the caller looks again and again, at first after milliseconds.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from redisched.client.connection import Connection
from redisched.client.last_slot import LastSlot
from redisched.client.missing_workers import ASK_AGAIN_S
from redisched.client.results import has_ended
from redisched.context import running
from redisched.errors import ResultTimeout
from redisched.model import TaskState
from redisched.option_checks import check_milliseconds
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, Wait, with_retries
from redisched.store.view import PENDING, TaskView
from redisched.store.watching import watch

if TYPE_CHECKING:
    from redisched.client.end_listener import EndListener

FIRST_PAUSE_S = 0.002
LONGEST_PAUSE_S = 0.25
"""The shortest and the longest time between two looks while messages do not arrive."""
LOOK_AGAIN_S = 30.0
"""The time between two looks while messages arrive. It is shorter than a watcher counts."""
LOOK_FOR_WORKER_S = 1.5
"""If a caller has waited for so long, it is checked whether any worker serves the queue, and so again and again."""
AT_ONCE = 100
"""At most so many tasks are looked at in one call."""


class Reference(Protocol):
    """A reference to a task, whose queue may be empty if it is not known."""

    @property
    def id(self) -> str: ...
    @property
    def queue(self) -> str: ...
    def look(self) -> Operation[TaskView]:
        """Read the task, wherever it is."""


R = TypeVar("R", bound=Reference)


@contextmanager
def waiting_for(
    refs: Iterable[R],
    connection: Connection,
    listener: "EndListener",
    timeout: float | timedelta | None,
) -> Iterator["PendingTasks[R]"]:
    """A wait for tasks of one application, which ends with the block. Raises InvalidOption for a bad timeout."""
    timeout_s = math.inf if timeout is None else check_milliseconds("timeout", timeout) / 1000
    waiting = PendingTasks(refs, connection, listener, timeout_s)
    try:
        yield waiting
    finally:
        waiting.end()


class PendingTasks(Generic[R]):
    """One wait for the ends of tasks. It begins when this object is made, and `end` ends it."""

    def __init__(self, refs: Iterable[R], connection: Connection, listener: "EndListener", timeout_s: float) -> None:
        self._connection = connection
        self._listener = listener
        self._timeout_s = timeout_s
        self._left: defaultdict[str, list[R]] = defaultdict(list)
        for ref in dict.fromkeys(refs):
            self._left[ref.id].append(ref)
        self._waiter = listener.add(self._left)
        self._began_s = self._looked_s = connection.monotonic()
        self._pause_s = 0.0
        self._look_for_worker_s = self._began_s + LOOK_FOR_WORKER_S
        self._last_slot = LastSlot(next(iter(self._left), ""), self._began_s)
        self._reason = ""
        """Why the tasks do not end, if that is known."""

    def end(self) -> None:
        """Be told nothing more."""
        self._listener.remove(self._waiter)

    def next_ended(self) -> Operation[list[tuple[R, TaskView]]]:
        """Wait until at least one more of the tasks has ended; answers none once all have. Raises ResultTimeout."""
        monotonic = self._connection.monotonic
        while self._left:
            now_s, told = monotonic(), self._waiter.take()
            is_over = now_s >= self._began_s + self._timeout_s
            looks_at_all = is_over or now_s >= self._looks_at_s() or (yield from self._looks_early(now_s))
            ended, going_on = yield from self._look(self._left if looks_at_all else told)
            if looks_at_all:
                if ended and self._pause_s > LONGEST_PAUSE_S and not told:
                    self._listener.missed()
                self._looked_s = monotonic()
                self._pause_s = self._next_pause_s()
            if ended:
                return ended
            if looks_at_all:
                yield from self._find_reason(going_on)
            if is_over:
                raise ResultTimeout(next(iter(self._left)), self._timeout_s, self._reason)
            left_s = min(self._looks_at_s(), self._look_for_worker_s, self._began_s + self._timeout_s) - monotonic()
            yield Wait(self._waiter, max(left_s, 0.0))
        return []

    def _looks_at_s(self) -> float:
        """When to look at all tasks. If messages stop to arrive, that is soon, also when the pause was a long one."""
        pause_s = self._pause_s if self._listener.is_trusted else min(self._pause_s, LONGEST_PAUSE_S)
        return self._looked_s + pause_s

    def _next_pause_s(self) -> float:
        if not self._listener.is_trusted:
            return min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        return LOOK_AGAIN_S

    def _looks_early(self, now_s: float) -> Operation[bool]:
        """Whether it is worth a call to look at the tasks before their time: no worker serves them, this handler may
        be in their way, or it is to be found out whether messages arrive.
        """
        if now_s < self._look_for_worker_s:
            return False
        self._look_for_worker_s = now_s + ASK_AGAIN_S
        if self._listener.may_probe(now_s) or running.get() is not None:
            return True
        for queue in {ref.queue for refs in self._left.values() for ref in refs if ref.queue}:
            if (yield from self._missing_worker(queue)):
                return True
        return False

    def _look(self, ids: Iterable[str]) -> Operation[tuple[list[tuple[R, TaskView]], list[TaskView]]]:
        """Look at tasks. Those that have ended are not waited for any more; the others are answered as they are."""
        ended: list[tuple[R, TaskView]] = []
        going_on: list[TaskView] = []
        refs = [ref for id in ids for ref in self._left.get(id, ())]
        for ref, view in (yield from self._views(refs)):
            if not has_ended(view):
                going_on.append(view)
                continue
            ended.append((ref, view))
            self._left[ref.id].remove(ref)
            if not self._left[ref.id]:
                del self._left[ref.id]
        return ended, going_on

    def _views(self, refs: Iterable[R]) -> Operation[list[tuple[R, TaskView]]]:
        connection, channel = self._connection, self._listener.channel
        by_shard: defaultdict[tuple[str, int], list[R]] = defaultdict(list)
        views: list[tuple[R, TaskView]] = []
        for ref in refs:
            queue = ref.queue or connection.queues_of_tasks.get(ref.id)
            if queue:
                by_shard[queue, connection.shard_maps.last(queue).shard_of(ref.id)].append(ref)
            else:
                views.append((ref, (yield from self._found(ref))))
        for (queue, shard), together in by_shard.items():
            for first in range(0, len(together), AT_ONCE):
                part = together[first : first + AT_ONCE]
                found = yield from self._watch(queue, shard, channel, part)
                for ref, view in zip(part, found, strict=True):
                    is_known = view.state is not TaskState.UNKNOWN
                    views.append((ref, view if is_known else (yield from self._found(ref))))
        return views

    def _watch(self, queue: str, shard: int, channel: str, refs: list[R]) -> Operation[list[TaskView]]:
        connection, ids = self._connection, [ref.id for ref in refs]
        if not channel:
            inspector = Inspector(connection.script_runner, queue).shard(shard)
            make: Any = lambda: inspector.states(ids)  # noqa: E731
        else:
            make = lambda: watch(connection.script_runner, queue, shard, channel, ids)  # noqa: E731
        views: list[TaskView] = yield from with_retries(make, connection.retry_policy())
        return views

    def _found(self, ref: R) -> Operation[TaskView]:
        """The task, wherever it is, and watched there."""
        view = yield from ref.look()
        if not has_ended(view):
            (view,) = yield from self._watch(view.queue, view.shard, self._listener.channel, [ref])
        return view

    def _find_reason(self, views: list[TaskView]) -> Operation[None]:
        now_s = self._connection.monotonic()
        if now_s >= self._began_s + LOOK_FOR_WORKER_S:
            self._reason = ""
            for queue in {view.queue: None for view in views if view.state in PENDING}:
                self._reason = self._reason or (yield from self._missing_worker(queue))
        advice = next(filter(None, (self._last_slot.advice(view.state, now_s) for view in views)), "")
        self._reason = self._reason or advice

    def _missing_worker(self, queue: str) -> Operation[str]:
        connection = self._connection
        return connection.missing_workers.sentence(
            connection.script_runner, connection.retry_policy(), queue, next(iter(self._left)), connection.monotonic()
        )
