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
from redisched.engine.child_spec import ChildSpec, Exit, Fatal, Message, Ready, decode_spec, encode_message
from redisched.engine.ending import end_within
from redisched.engine.identity import worker_name
from redisched.engine.log_records import name_tasks_in_records
from redisched.engine.logs import configure_logging, log
from redisched.engine.signal_handlers import take_no_notice
from redisched.engine.stacks import show_stacks_on_signal
from redisched.engine.started import StartedTable
from redisched.engine.worker import Worker
from redisched.engine.worker_context import served_queues
from redisched.errors import AppNotFound, BrokerMisconfigured, BrokerRefused, InvalidInput, LayoutDamaged, ServerError

LEAVING_S = 5.0
"""What an application has registered for its end, and coroutines that are left over, have so long."""

MISCONFIGURED = (AppNotFound, BrokerMisconfigured, BrokerRefused, InvalidInput, LayoutDamaged, ServerError)
"""What keeps a worker from working, whichever process it is and however often it is tried."""


def main() -> None:
    """Work until told to stop; ends the process with an Exit."""
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)
    spec = _receive_spec(line)
    os.set_inheritable(spec.table, False)
    table = StartedTable(spec.table, spec.work.settings.concurrency)
    process = ChildProcess(spec, table, line)
    process.run()


class ChildProcess:
    """The process from its start to its end. Every way out but an accident says farewell first."""

    def __init__(self, spec: ChildSpec, table: StartedTable, line: socket.socket) -> None:
        self._spec = spec
        self._work = spec.work
        self._table = table
        self._line = line

    def run(self) -> None:
        """Import the application, work, and end as Python programs do."""
        signal.signal(signal.SIGTERM, self._stop_importing)
        # The supervisor alone decides when its processes end.
        take_no_notice(signal.SIGINT, signal.SIGHUP)
        show_stacks_on_signal()
        sys.path[:] = self._spec.path
        # What programs call themselves by: connections say which application a worker serves.
        sys.argv[:] = [self._work.target]
        os.environ[EMBEDDED_VARIABLE] = str(int(self._work.embedded))
        try:
            application = self._load()
            code = asyncio.run(self._run_worker(application))
        except MISCONFIGURED as error:
            code = Exit.MISCONFIGURED
            self._say(Fatal(reason=str(error), exit_code=code))
        self._leave(code)

    def _load(self) -> Application:
        """The application. Its module may do as it likes: no event loop runs yet."""
        name_tasks_in_records()
        try:
            application = load_application(self._work.target, self._work.settings.imports)
        except AppNotFound:
            raise
        except InvalidInput as error:
            # Without the line of the module, which may hold a URL with its password.
            raise AppNotFound(self._work.target, f"{place_in_module(error)}{error}") from None
        except (Exception, SystemExit) as error:
            reason = f"{self._work.target} cannot be loaded:\n{traceback_of_module(error).rstrip()}"
            self._say(Fatal(reason=reason, exit_code=Exit.CRASHED))
            self._leave(Exit.CRASHED)
            raise
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
        self._say(Ready(queues=queues, settings=replace(application.settings, url=url, prefix=broker.dialect.prefix)))
        return application

    async def _run_worker(self, application: Application) -> Exit:
        freeze_imports()
        name = worker_name(os.getpid(), self._spec.name_suffix)
        worker = Worker(application, self._work.settings, self._table, name, target=self._work.target)
        loop = asyncio.get_running_loop()
        # Not by the event loop's own way: a handler that uses that for a signal of its own would take it away unseen.
        signal.signal(signal.SIGTERM, lambda _number, _frame: _stop_in(loop, worker))
        loop.add_reader(self._line, self._orphaned, loop, worker)
        await worker.run()
        loop.remove_reader(self._line)
        code = Exit.STUCK if worker.is_stuck else Exit.STOPPED
        self._prepare_to_leave(code)
        return code

    def _orphaned(self, loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
        loop.remove_reader(self._line)
        log.warning("the supervisor is gone; stopping")
        worker.stop()

    def _stop_importing(self, _number: int, _frame: FrameType | None) -> None:
        """Told to stop before there is anything to stop."""
        self._table.say_farewell(Exit.STOPPED)
        os._exit(Exit.STOPPED)

    def _prepare_to_leave(self, code: Exit) -> None:
        """From now on nothing counts as an accident, and whatever takes too long is cut off: handlers that outlived
        the grace must not keep the process, as their tasks are back in the queue.
        """
        self._table.say_farewell(code)
        end_within(LEAVING_S, code)

    def _leave(self, code: Exit) -> None:
        if self._table.farewell() is None:
            self._prepare_to_leave(code)
        sys.exit(code)

    def _say(self, message: Message) -> None:
        with contextlib.suppress(OSError):
            self._line.sendall(encode_message(message))


def freeze_imports() -> None:
    """Take what has been imported out of garbage collections: it stays, and looking through it again and again would
    hold up every handler of the process for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()


def _receive_spec(line: socket.socket) -> ChildSpec:
    received = b""
    while not received.endswith(b"\n"):
        part = line.recv(65_536)
        if not part:
            sys.exit(Exit.STOPPED)
        received += part
    return decode_spec(received)


def _stop_in(loop: asyncio.AbstractEventLoop, worker: Worker) -> None:
    with contextlib.suppress(RuntimeError):  # its loop is closed: it is at its end already
        loop.call_soon_threadsafe(worker.stop)


if __name__ == "__main__":
    main()
