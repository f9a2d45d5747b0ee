"""Runs a fleet of worker processes: replaces those that die, has their tasks taken back at once, and stops all.

The supervisor imports neither the application nor the Redis client, so that it needs little memory.
"""

import math
import os
import selectors
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from redisched.clock import SystemClock
from redisched.counted import counted
from redisched.engine.child_spec import Exit, Work
from redisched.engine.fleet import NO_START, Fleet
from redisched.engine.hangup import ControllingTerminal
from redisched.engine.health_file import HealthFile
from redisched.engine.logs import log
from redisched.engine.orphans import reap_orphans
from redisched.engine.recoverer import Recoverer
from redisched.engine.stacks import show_stacks_on_signal
from redisched.engine.started import StartedTable
from redisched.engine.worker_process import WorkerProcess

TICK_S = 0.5
HAND_OVER_TICK_S = 0.05
"""The ticks while a replacement starts, which shall take over as soon as it works."""
ENDING_S = 10.0
"""A process that has not ended so long after its grace is killed."""
RECOVERING_S = 3.0
"""Before it ends, a supervisor waits so long for Redis to take back the tasks of dead processes."""
SAME_STOP_S = 0.5
"""Terminals, wrappers and containers may send the same signal twice. Signals that follow the first one so soon count as
the same signal.
"""


class Supervisor:
    """Keeps as many worker processes running as the settings say, until it is told to stop."""

    def __init__(self, work: Work, health_file: Path | None = None) -> None:
        self._settings = work.settings
        self._health_file = None if health_file is None else HealthFile(health_file)
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stops: list[float] = []
        self._is_told = False
        self._is_told_to_replace = False
        self._hard_stop_s = math.inf
        self._exit = Exit.STOPPED
        self._recoverer = Recoverer(work.settings.crash_limit)
        self._fleet = Fleet(work, self._recoverer, WorkerProcess, SystemClock(), _random)

    def run(self) -> Exit:
        """Run until stopped, until every process has ended by itself, or until one reports that no process can work."""
        try:
            self._make_tables()
            while self._fleet.slots:
                self._watch()
        finally:
            self._fleet.close()
            self._recoverer.finish(RECOVERING_S)
            if self._health_file is not None:
                self._health_file.remove()
        return self._exit

    def stop(self) -> None:
        """Stop gracefully; if called again half a second later or after that, kill all processes. Can be called from a
        signal handler and from any thread.
        """
        now_s = time.monotonic()
        if not self._stops or now_s - self._stops[0] > SAME_STOP_S:
            self._stops.append(now_s)
            self._wake()

    def replace_all(self) -> None:
        """Replace all worker processes, one after the other, by others that load the application anew. Can be called
        from a signal handler and from any thread.
        """
        self._is_told_to_replace = True
        self._wake()

    @property
    def recovered(self) -> int:
        """How many tasks of processes that died were taken back."""
        return self._recoverer.recovered

    def processes(self) -> list[tuple[str, int]]:
        """Worker name and process id of every process that runs."""
        return [(member.name, member.process.process_id) for member in self._fleet.members()]

    def _wake(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._wake_writer, b"!")

    def _make_tables(self) -> None:
        """Make a table for each process. If the system has no free descriptor, try again later."""
        has_failed = False
        while len(self._fleet.slots) < self._settings.processes and not self._stops:
            try:
                self._fleet.add(StartedTable.make(self._settings.concurrency))
            except OSError as error:
                if not has_failed:
                    log.error(NO_START, error)
                has_failed = True
                self._wait()

    def _watch(self) -> None:
        """One round: start the processes that are due, wait until a process ends, a message comes or a signal tells
        something, and act on it.
        """
        if not self._stops:
            if self._is_told_to_replace:
                self._is_told_to_replace = False
                self._fleet.rotation.replace_all()
            self._fleet.start_due()
        self._wait()
        if self._stops:
            self._stop_all()
        self._fleet.look()
        if self._fleet.fatal is not None and self._exit is Exit.STOPPED:
            # Every process would meet this error. It is logged once.
            log.critical(self._fleet.fatal.reason)
            self._exit = self._fleet.fatal.exit_code
            self.stop()
        self._fleet.kill_the_silent()
        reap_orphans({process_id for _, process_id in self.processes()})
        self._write_health()

    def _wait(self) -> None:
        # Unlike other selectors, this one needs no descriptor of its own. There may be no free one.
        with selectors.PollSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            for member in self._fleet.members():
                selector.register(member.process.channel, selectors.EVENT_READ)
                if member.process.death is not None:
                    selector.register(member.process.death, selectors.EVENT_READ)
            selector.select(HAND_OVER_TICK_S if self._fleet.rotation.is_starting else TICK_S)
        with suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)

    def _stop_all(self) -> None:
        """Tell every process to stop, once; kill them when told again, or when they take too long."""
        now_s = time.monotonic()
        if not self._is_told:
            self._is_told = True
            if self._exit is Exit.STOPPED:
                log.info("stopping %s", counted(len(self.processes()), "worker process", "worker processes"))
            self._hard_stop_s = now_s + self._settings.grace_s + ENDING_S
            self._fleet.terminate()
        is_late = now_s > self._hard_stop_s
        if is_late:
            log.critical("not every process has ended by itself; killing the others")
        if is_late or len(self._stops) > 1:
            self._hard_stop_s = math.inf
            self._fleet.kill()

    def _write_health(self) -> None:
        """Write the health file while every process gets answers from Redis. If one does not, the file grows old."""
        if self._health_file is not None and (ages_s := self._fleet.contact_ages_s()):
            self._health_file.write(ages_s, self._fleet.stalled_s())


def supervise(work: Work, health_file: Path | None = None) -> Exit:
    """Run a supervisor in the main thread: the first SIGTERM or SIGINT stops gracefully, the second hard; SIGHUP
    replaces all worker processes.
    """
    supervisor = Supervisor(work, health_file)
    with _told_by_signals(supervisor):
        return supervisor.run()


@contextmanager
def _told_by_signals(supervisor: Supervisor) -> Iterator[None]:
    terminal = ControllingTerminal()

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.stop()

    def replace_all(_number: int, _frame: FrameType | None) -> None:
        if terminal.has_hung_up():
            supervisor.stop()
        else:
            supervisor.replace_all()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    show_stacks_on_signal()
    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        handlers[signal.SIGHUP] = replace_all
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


def _random() -> float:
    """A random number from [0, 1). Importing the module `random` would take three megabytes."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
