"""Starts and stops all that the demo needs: its folder, server, services, environment variables and workers."""

import logging
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from redisched.client.scheduler import Scheduler
from redisched.config import URL_VARIABLE, WorkerSettings
from redisched.demo import ledger
from redisched.demo.gateway import Gateway
from redisched.demo.mailbox import Mailbox
from redisched.demo.scheduler import QUEUES
from redisched.demo.surroundings import FOLDER_VARIABLE, GATEWAY_VARIABLE, SMTP_VARIABLE
from redisched.embedded import PrivateServer
from redisched.embedded.polling import poll_until
from redisched.engine.child_spec import Work
from redisched.engine.environment import environment
from redisched.engine.supervisor import Supervisor
from redisched.errors import RedischedError

APPLICATION = "redisched.demo.app:app"
SETTINGS = WorkerSettings(
    queues=QUEUES,
    processes=2,
    concurrency=8,
    grace_s=5.0,
    # A process is killed on purpose and attempts fail. The demo shows that itself, so it must not be logged as well.
    log_level="CRITICAL",
)
START_TIMEOUT_S = 30.0


class WorkersNotStarted(RedischedError):
    """Raised when the demo's worker processes do not reach its server."""

    def __init__(self, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(f"the demo's worker processes did not reach its server within {waited_s:g} s; try it again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The environment of a demo, removed at its end. `heed_signals` ends the demo if a signal asked for that."""

    folder: Path
    app: Scheduler
    gateway: Gateway
    mailbox: Mailbox
    supervisor: Supervisor
    heed_signals: Callable[[], None]


@contextmanager
def stage() -> Iterator[Stage]:
    """Start a private server, a gateway, a mail server and two worker processes, and wait until they are ready.

    Raises NoServerBinary, ServerStartFailed and WorkersNotStarted.
    """
    with ExitStack() as stack:
        heed_signals = stack.enter_context(_ended_by_signals())
        folder = Path(tempfile.mkdtemp(prefix="redisched-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ledger.create(folder)
        server = stack.enter_context(PrivateServer())
        gateway = stack.enter_context(Gateway())
        mailbox = stack.enter_context(Mailbox())
        stack.enter_context(_quiet())
        stack.enter_context(
            environment(
                {
                    URL_VARIABLE: server.url,
                    FOLDER_VARIABLE: str(folder),
                    GATEWAY_VARIABLE: str(gateway.address),
                    SMTP_VARIABLE: str(mailbox.address),
                }
            )
        )
        app = Scheduler(server.url)
        stack.callback(app.close)
        supervisor = stack.enter_context(_workers(folder / "health"))
        yield Stage(
            folder=folder,
            app=app,
            gateway=gateway,
            mailbox=mailbox,
            supervisor=supervisor,
            heed_signals=heed_signals,
        )


@contextmanager
def _workers(health_file: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(Work(target=APPLICATION, settings=SETTINGS), health_file)
    thread = threading.Thread(target=supervisor.run, name="redisched-demo-supervisor", daemon=True)
    thread.start()
    try:
        # Tasks that are enqueued earlier would wait until Python has started, which is no property of the scheduler.
        poll_until(lambda: health_file.exists() or not thread.is_alive(), START_TIMEOUT_S)
        if not health_file.exists():
            raise WorkersNotStarted(START_TIMEOUT_S)
        yield supervisor
    finally:
        supervisor.stop()
        thread.join(SETTINGS.grace_s)
        if thread.is_alive():
            supervisor.stop()
            thread.join()


@contextmanager
def _ended_by_signals() -> Iterator[Callable[[], None]]:
    """Make SIGTERM end the demo with all its processes, as Ctrl-C does.

    An exception that a signal handler raises is lost if the interpreter is in a callback, for example during garbage
    collection. So this gives a function that raises it again, which the demo must call regularly.
    """
    told: list[int] = []

    def heed() -> None:
        if signal.SIGTERM in told:
            sys.exit(128 + signal.SIGTERM)
        if told:
            raise KeyboardInterrupt

    def end(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        heed()

    before = [(number, signal.signal(number, end)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield heed
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress what workers log about the process that is killed on purpose."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        root.setLevel(before)
