"""A worker for tests, which runs handlers when it is told to, and whose time moves when it is told to."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextvars import copy_context
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, TypeVar

from redisched.client.connection import OtherRedis
from redisched.client.scheduler import Scheduler
from redisched.config import WorkerSettings
from redisched.context import running
from redisched.engine.around import handlers_to_call
from redisched.engine.leased_task import LeasedTask
from redisched.engine.resources.process_resources import ProcessResources
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import HandlerTimedOut, InvalidOption
from redisched.events import WorkerInfo
from redisched.option_checks import check_run_at, check_whole
from redisched.schedules.declaration import Declarations
from redisched.testing.claiming import TaskSource
from redisched.testing.direct_events import DirectEvents
from redisched.testing.durations import check_duration
from redisched.testing.failures import NeverIdle, NothingDue, WorkerEnded, WorkerInUse
from redisched.testing.given import check_given, given_to_all
from redisched.testing.in_use import IN_USE
from redisched.testing.running import TaskRunner
from redisched.testing.running_listener import RunningListener
from redisched.testing.servers import Backend, VirtualBroker, check_backend, empty_broker
from redisched.testing.slot_source import SlotSource, chosen
from redisched.testing.virtual_loop import VirtualLoops
from redisched.testing.virtual_time import VirtualTime

T = TypeVar("T")
MOST_ATTEMPTS = 10_000
_MOST_OF_ALL = 2**31
NAME = "testing"


@contextlib.contextmanager
def worker(
    app: Scheduler,
    *,
    raise_errors: bool = False,
    start: datetime | float | None = None,
    backend: Backend | str = Backend.EMBEDDED,
    resources: Mapping[Any, Any] | None = None,
    lifespans: bool = True,
    schedules: Collection[str] | None = None,
) -> Iterator["VirtualWorker"]:
    """Within the block everything of `app` goes to an empty server of this process, and its tasks run when the worker
    is told to. After the block the application is as before.

    With `raise_errors` what a handler raises is raised here, too, after its attempt was settled. Time begins at `start`
    and stands still; None means now. `resources` are values that handlers get in place of what these factories make.
    The lifespans of the application are opened for the block, unless `lifespans` is False. Its schedules are declared
    when the block begins: all of them, or those whose names are in `schedules`. Raises WorkerInUse inside of
    another such block, InvalidOption, LifespanFailed, NoServerBinary, ServerStartFailed, and FakeRedisMissing.
    """
    if not isinstance(app, Scheduler):
        raise InvalidOption("app", app, "a Scheduler")
    kind = check_backend(backend)
    start_ms = int(check_run_at("start", time.time() if start is None else start)[1:])
    if IN_USE:
        raise WorkerInUse
    for name in app.imports:
        import_module(name)
    given = check_given(app.registry, {} if resources is None else resources)
    broker = empty_broker(kind)
    virtual_time = VirtualTime(start_ms * 1_000, broker.show_time)
    loops = VirtualLoops(virtual_time)
    opened = ProcessResources(given)
    declared = chosen(app.registry, schedules)
    made = VirtualWorker(app, broker, virtual_time, loops, opened, declared, raise_errors=raise_errors)
    opening = opened.serving(app.registry.lifespans if lifespans else ())
    IN_USE.append(made)
    try:
        with (
            app.connection.redirected(OtherRedis(broker=broker, listener=made.listener, clock=virtual_time)),
            given_to_all(given),
            _entered(loops, opening),
            made.serving(),
        ):
            yield made
    finally:
        IN_USE.clear()
        _outside_of_event_loops(loops.close)


class VirtualWorker:
    """Runs the tasks of an application in the test's process, one at a time, in virtual time."""

    def __init__(
        self,
        app: Scheduler,
        broker: VirtualBroker,
        virtual_time: VirtualTime,
        loops: VirtualLoops,
        resources: ProcessResources,
        schedules: Declarations,
        *,
        raise_errors: bool,
    ) -> None:
        self.app = app
        self.listener = RunningListener(broker, self._run_for)
        self._raise_errors = raise_errors
        self._time = virtual_time
        self._context = WorkerContext(
            worker=NAME,
            settings=app.settings,
            worker_settings=_SETTINGS,
            registry=handlers_to_call(app.registry, resources),
            stores={},
            window=Window(_SETTINGS.window_ms, _SETTINGS.release_after_ms),
            started=NoStartedTable(),
            clock=virtual_time,
            # Retries come after their full pauses: none of them is shortened at random.
            random=lambda: 1.0,
            server_clock=virtual_time.server_clock(),
        )
        self._events = DirectEvents(app.registry.events, loops)
        self._runner = TaskRunner(self._context, broker, loops, self._events)
        self._source = TaskSource(app.connection, broker, self._context, virtual_time)
        self._slots = SlotSource(app, schedules, broker, self._context, loops, self._source)
        self._next_due_ms: int | None = None
        self._attempts = 0

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """Tell that a worker starts, and at the end of the block that it stops."""
        worker = WorkerInfo(name=NAME, queues=self.app.registry.queues())
        _outside_of_event_loops(lambda: self._events.tell_now("on_worker_start", worker))
        _outside_of_event_loops(self._slots.declare)
        try:
            yield
        finally:
            _outside_of_event_loops(lambda: self._events.tell_now("on_worker_stop", worker))

    @property
    def now(self) -> datetime:
        """The time of this test, by which tasks fall due, expire and time out."""
        return self._time.now()

    def run_until_idle(self, *, most: int = MOST_ATTEMPTS) -> int:
        """Run every task that is due now, the best first, also those that these enqueue, and those of slots that are
        due now; answers how many attempts ran.

        Tasks that are due later wait, retries among them. Raises NeverIdle if more than `most` attempts are due, and
        WorkerEnded after the block.
        """
        self._check_in_use()
        return self._run_all(self._time.now_ms, check_whole("most", most, 1, _MOST_OF_ALL))

    def advance(self, duration: float | timedelta | str) -> int:
        """Let time pass: seconds, a timedelta, or a text such as "30 days". Every task that falls due on the way runs
        at its time, and so does that of every slot; answers how many attempts ran.

        Raises InvalidOption, and NeverIdle and WorkerEnded as `run_until_idle`.
        """
        self._check_in_use()
        until_us = self._time.now_us + 1_000 * check_duration("duration", duration)
        until_ms = until_us // 1_000
        _outside_of_event_loops(self._slots.declare)
        attempts = self._run_all(until_ms)
        while (next_ms := self._next_ms()) is not None and next_ms <= until_ms:
            self._time.move_to_us(next_ms * 1_000)
            attempts += self._run_all(until_ms)
        self._time.move_to_us(until_us)
        attempts += self._run_all(until_ms)
        self._source.forget()
        _outside_of_event_loops(self._slots.declare)
        return attempts

    def elapse(self, duration: float | timedelta | str) -> None:
        """Let time pass without running anything, as if no worker served the queues; or within a sync handler, such as
        by `monkeypatch.setattr("time.sleep", w.elapse)`. Raises InvalidOption, and HandlerTimedOut in a handler whose
        timeout it reaches.
        """
        until_us = self._time.now_us + 1_000 * check_duration("duration", duration)
        task = running.get()
        limit = task.time_limit if isinstance(task, LeasedTask) else None
        if limit is not None:
            ends_us = self._time.now_us + round(limit.remaining_s() * 1e6)
            if ends_us < until_us:
                self._time.move_to_us(ends_us)
                raise HandlerTimedOut
        self._time.move_to_us(until_us)

    def _check_in_use(self) -> None:
        if self not in IN_USE:
            raise WorkerEnded

    def _next_ms(self) -> int | None:
        """When the next task or slot is due (ms); None for never."""
        return min((ms for ms in (self._next_due_ms, self._slots.next_ms) if ms is not None), default=None)

    def _run_all(self, until_ms: int, most: int = MOST_ATTEMPTS) -> int:
        """Run what is due now, slots up to a moment. Answers how many attempts ran."""
        before = self._attempts
        while self._run_next(until_ms):
            if self._attempts - before > most:
                raise NeverIdle(most)
        return self._attempts - before

    def _run_for(self, task_ids: frozenset[str]) -> None:
        """Run one task for a caller that waits for others to end."""
        if not self._run_next(self._time.now_ms):
            next_ms = self._next_ms()
            raise NothingDue(task_ids, None if next_ms is None else (next_ms * 1_000 - self._time.now_us) / 1e6)

    def _run_next(self, until_ms: int) -> bool:
        """Fire slots up to a moment, and run the best due task, or end those that have expired. Answers False if there
        was nothing of all that.
        """
        return _outside_of_event_loops(lambda: self._run_best(until_ms))

    def _run_best(self, until_ms: int) -> bool:
        has_fired = self._slots.fire(until_ms)
        task, self._next_due_ms = self._source.claim()
        if task is None:
            if not self._source.expire() and not has_fired:
                return False
            self.listener.tell_all()
            return True
        self._attempts += 1
        try:
            error = self._runner.run(task)
        finally:
            self.listener.tell(task.lease.id)
        if error is not None and self._raise_errors:
            raise error
        return True


_SETTINGS = WorkerSettings()


@contextlib.contextmanager
def _entered(loops: VirtualLoops, manager: contextlib.AbstractAsyncContextManager[None]) -> Iterator[None]:
    """Open something on an event loop for the block, and close it."""
    _outside_of_event_loops(lambda: loops.run(manager.__aenter__(), copy_context()))
    try:
        yield
    finally:
        _outside_of_event_loops(lambda: loops.run(manager.__aexit__(None, None, None), copy_context()))


def _outside_of_event_loops(call: Callable[[], T]) -> T:
    """Call a function where no event loop runs, in another thread if need be: handlers run in threads without one, and
    an event loop cannot run inside of another. The one that runs here stands still meanwhile.
    """
    if asyncio._get_running_loop() is None:  # noqa: SLF001 - the public one raises, and handlers' errors would show it
        return call()
    results: list[T] = []
    errors: list[BaseException] = []
    context = copy_context()

    def run() -> None:
        try:
            results.append(context.run(call))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="redisched-testing")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
