"""A worker process under a supervisor: runs one Worker, and stops when told or when its supervisor is gone."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

from redisched.config import EMBEDDED_VARIABLE, url_from
from redisched.embedded.paths import locate
from redisched.engine.application import (
    Application,
    check_handlers,
    check_threads,
    load_application,
    place_in_module,
    traceback_of_module,
)
from redisched.engine.child_spec import (
    DRAIN,
    ChildSpec,
    Exit,
    Fatal,
    Message,
    Ordered,
    Ready,
    decode_spec,
    encode_message,
)
from redisched.engine.ending import end_within
from redisched.engine.event_loop import resolve_names_apart, run_to_its_end
from redisched.engine.forks import FORK_BORDER
from redisched.engine.identity import worker_name
from redisched.engine.log_records import name_tasks_in_records
from redisched.engine.logs import configure_logging, log
from redisched.engine.own_task import OwnTask
from redisched.engine.runtime import SYSTEM_RUNTIME, Runtime
from redisched.engine.signal_handlers import ignore_signals, unblock_group_signals
from redisched.engine.stacks import show_stacks_on_signal
from redisched.engine.started import StartedTable
from redisched.engine.worker import Worker
from redisched.engine.worker_context import served_queues
from redisched.errors import (
    AppNotFound,
    BrokerMisconfigured,
    BrokerRefused,
    InvalidInput,
    LifespanFailed,
    ServerError,
    ShardMapDamaged,
)
from redisched.lazy import LazyModule
from redisched.orders import WorkerOrder

if TYPE_CHECKING:
    from redisched.engine import worker_metrics
else:
    # It needs the extra `metrics`, and time to start.
    worker_metrics = LazyModule("redisched.engine.worker_metrics")

LEAVING_S = 5.0
"""Exit handlers of the application and remaining coroutines may take so long; then the process is ended."""

REASON_CHARACTERS = 20_000
"""A longer traceback of a module that cannot be imported loses its beginning."""
SENT_TO_THE_GROUP = (signal.SIGINT, signal.SIGHUP)
"""People send these signals to the whole process group, but only the supervisor decides when its processes end."""

OBJECTS_BETWEEN_COLLECTIONS = 5_000
"""A garbage collection begins when there are so many more new objects that may be part of a cycle."""
_USUAL_THRESHOLDS = gc.get_threshold()
MISCONFIGURED = (
    AppNotFound,
    BrokerMisconfigured,
    BrokerRefused,
    InvalidInput,
    ShardMapDamaged,
    ServerError,
)
"""Errors that would come again in every process and at every try."""


def main() -> None:
    """Work until told to stop; ends the process with an Exit."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    spec = _receive_spec(channel)
    os.set_inheritable(spec.table, False)
    table = StartedTable(spec.table, spec.work.settings.concurrency)
    process = ChildProcess(spec, table, channel)
    process.run()


class ChildProcess:
    """The process from its start to its end. Before every exit that is not a crash it notes a clean exit."""

    def __init__(self, spec: ChildSpec, table: StartedTable, channel: socket.socket) -> None:
        self._spec = spec
        self._work = spec.work
        self._table = table
        self._channel = channel

    def run(self) -> None:
        """Import the application, work, and end as Python programs do."""
        signal.signal(signal.SIGTERM, self._stop_importing)
        ignore_signals(*SENT_TO_THE_GROUP)
        show_stacks_on_signal()
        unblock_group_signals()
        sys.path[:] = self._spec.path
        # The names of connections to Redis begin with this: they shall tell which application the worker serves.
        sys.argv[:] = [self._work.target]
        os.environ[EMBEDDED_VARIABLE] = str(int(self._work.embedded))
        try:
            application = self._load()
            with asyncio.Runner() as runner:
                resolve_names_apart(runner.get_loop())
                code = run_to_its_end(OwnTask(self._run_worker(application), loop=runner.get_loop()))
        except MISCONFIGURED as error:
            code = Exit.MISCONFIGURED
            self._say(Fatal(reason=str(error), exit_code=code))
        except LifespanFailed as error:
            # Another process may be luckier, such as once the database answers again.
            code = Exit.CRASHED
            log.error("%s", error)
        except BaseException:
            # Threads of the application must not keep a process that has crashed: its supervisor waits for its death.
            end_within(LEAVING_S, Exit.CRASHED)
            raise
        self._leave(code)

    def _load(self) -> Application:
        """Import the application. No event loop runs yet, so its module may run one of its own."""
        name_tasks_in_records()
        try:
            # What the module forks must not become a second worker, or speak for this one.
            with FORK_BORDER:
                application = load_application(self._work.target, self._work.settings.imports)
        except AppNotFound:
            raise
        except InvalidInput as error:
            # Not the source line of the module: it may show a URL with its password.
            raise AppNotFound(self._work.target, f"{place_in_module(error)}{error}") from None
        except BaseException as error:
            # The end tells the error; the supervisor reads no message of megabytes.
            trace = traceback_of_module(error).rstrip()[-REASON_CHARACTERS:]
            reason = f"{self._work.target} cannot be loaded:\n{trace}"
            self._say(Fatal(reason=reason, exit_code=Exit.CRASHED))
            self._leave(Exit.CRASHED)
            raise
        # The module may have set other handlers.
        ignore_signals(*SENT_TO_THE_GROUP)
        configure_logging(self._work.settings)
        check_threads(self._work.target)
        check_handlers(application, self._work.target)
        if self._work.url is not None and application.settings.url not in (None, self._work.url):
            raise AppNotFound(self._work.target, "it names another Redis itself; leave --url out")
        if self._work.prefix is not None and application.settings.prefix not in (None, self._work.prefix):
            raise AppNotFound(self._work.target, "it names another prefix itself; leave --prefix out")
        queues = served_queues(self._work.settings, application.registry)
        broker = application.broker
        url = None if broker.address is None else broker.address.url
        if application.settings.url is None and url_from(os.environ) is None and broker.address is not None:
            log.info("no Redis is named: an embedded server keeps the tasks in %s", locate(None).data_directory)
        self._say(
            Ready(queues=queues, settings=replace(application.settings, url=url, prefix=broker.script_runner.prefix))
        )
        return application

    async def _run_worker(self, application: Application) -> Exit:
        tune_garbage_collection()
        name = worker_name(os.getpid(), self._spec.name_suffix)
        worker = Worker(
            application, self._work.settings, self._table, name, self._runtime(), self._work.target, self._ordered
        )
        loop = asyncio.get_running_loop()
        # Not with loop.add_signal_handler: a task's handler that calls it for the same signal would replace ours
        # unseen.
        signal.signal(signal.SIGTERM, lambda _number, _frame: _stop_in(loop, worker))
        loop.add_reader(self._channel, self._told, loop, worker)
        await worker.run()
        loop.remove_reader(self._channel)
        code = Exit.STUCK if worker.is_stuck else Exit.STOPPED
        self._prepare_to_leave(code)
        return code

    def _runtime(self) -> Runtime:
        """What the worker takes from its surroundings; its metrics are measured and served if that is wanted."""
        port = self._work.metrics_port
        if port is None:
            return SYSTEM_RUNTIME
        return worker_metrics.WorkerMetrics(self._work.metrics_host, port).runtime()

    def _told(self, loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
        """The supervisor has said something, or is gone."""
        said = self._channel.recv(len(DRAIN))
        if said:
            worker.drain()
            return
        loop.remove_reader(self._channel)
        log.warning("the supervisor is gone; stopping")
        worker.stop()

    def _ordered(self, order: WorkerOrder) -> None:
        """The worker was told to leave. The supervisor decides whether another one comes."""
        self._say(Ordered(order=order))

    def _stop_importing(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM came while the application was imported: nothing has to be stopped."""
        self._table.note_clean_exit(Exit.STOPPED)
        os._exit(Exit.STOPPED)

    def _prepare_to_leave(self, code: Exit) -> None:
        """Note a clean exit, and end the process if its last steps take too long. Handlers that still run after the
        grace must not keep the process alive, because their tasks are in the queue again.
        """
        self._table.note_clean_exit(code)
        end_within(LEAVING_S, code)

    def _leave(self, code: Exit) -> None:
        if self._table.clean_exit() is None:
            self._prepare_to_leave(code)
        sys.exit(code)

    def _say(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            self._channel.sendall(encode_message(message))


def tune_garbage_collection() -> None:
    """Make garbage collections short and rare. Call it when everything is imported.

    Imported objects are never freed, and each full collection that looks through them would stop every handler of the
    process for tens of milliseconds, so collections leave them out. A claim brings hundreds of objects, which go again
    without a collection, so Python's own threshold would make every claim cause one. A threshold that the application
    has set stays.
    """
    gc.collect()
    gc.freeze()
    if gc.get_threshold() == _USUAL_THRESHOLDS:
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *_USUAL_THRESHOLDS[1:])


def _receive_spec(channel: socket.socket) -> ChildSpec:
    received = b""
    while not received.endswith(b"\n"):
        part = channel.recv(65_536)
        if not part:
            sys.exit(Exit.STOPPED)
        received += part
    return decode_spec(received)


def _stop_in(loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
    with contextlib.suppress(RuntimeError):  # the event loop is closed: the worker has ended already
        loop.call_soon_threadsafe(worker.stop)
    worker.interrupt_opening()


if __name__ == "__main__":
    main()
