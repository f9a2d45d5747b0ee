"""Runs worker processes, replaces those that die, and has the tasks of dead processes taken back at once.

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
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from redisched.backoff import Backoff
from redisched.config import Until
from redisched.counted import counted
from redisched.engine.child_spec import Exit, Fatal, Ready, Work
from redisched.engine.health_file import HealthFile
from redisched.engine.liveness import Liveness
from redisched.engine.logs import log
from redisched.engine.orphans import reap_orphans
from redisched.engine.recoverer import Recoverer
from redisched.engine.stacks import show_stacks_on_signal
from redisched.engine.started import StartedTable
from redisched.engine.worker_process import WorkerProcess

RESPAWN_BACKOFF = Backoff(base_s=0.1, cap_s=5.0)
SETTLED_S = 5.0
"""A process that lived for so long is replaced at once when it dies."""
TICK_S = 0.5
CONTACT_S = 15.0
"""A process that got no answer from Redis for so long is not healthy."""
ENDING_S = 10.0
"""A process that has not ended so long after its grace is killed."""
RECOVERING_S = 3.0
"""Before it ends, a supervisor waits so long for Redis to take back the tasks of dead processes."""
_NO_START = "no worker process can be started: %s; trying again"
SAME_STOP_S = 0.5
"""Terminals, wrappers and containers may send the same signal twice. Signals that follow the first one so soon count as
the same signal.
"""


@dataclass(slots=True)
class _ProcessSlot:
    """A slot for one worker process, and the process that is in it now."""

    table: StartedTable
    process: WorkerProcess | None = None
    began_s: float = 0.0
    due_s: float = 0.0
    deaths: int = 0
    liveness: Liveness = field(default_factory=Liveness)


class Supervisor:
    """Keeps as many worker processes running as the settings say, until it is told to stop."""

    def __init__(self, work: Work, health_file: Path | None = None) -> None:
        settings = work.settings
        self._work = work
        self._settings = settings
        self._health_file = None if health_file is None else HealthFile(health_file)
        self._slots: list[_ProcessSlot] = []
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stops: list[float] = []
        self._is_told = False
        self._hard_stop_s = math.inf
        self._exit = Exit.STOPPED
        self._ready: Ready | None = None
        self._has_worked = False
        self._recoverer = Recoverer(settings.crash_limit)

    def run(self) -> Exit:
        """Run until stopped, until every process has ended by itself, or until one reports that no process can work."""
        tables: list[StartedTable] = []
        try:
            self._make_tables(tables)
            self._slots = [_ProcessSlot(table) for table in tables]
            while self._slots:
                self._watch()
        finally:
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.kill()
                    slot.process.close()
            self._recoverer.finish(RECOVERING_S)
            for table in tables:
                table.close()
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
            with suppress(BlockingIOError):
                os.write(self._wake_writer, b"!")

    @property
    def recovered(self) -> int:
        """How many tasks of processes that died were taken back."""
        return self._recoverer.recovered

    def processes(self) -> list[tuple[str, int]]:
        """Worker name and process id of every process that runs."""
        return [(slot.process.name, slot.process.process_id) for slot in self._slots if slot.process is not None]

    def _make_tables(self, tables: list[StartedTable]) -> None:
        """Make a table for each process. If the system has no free descriptor, try again later."""
        has_failed = False
        while len(tables) < self._settings.processes and not self._stops:
            try:
                tables.append(StartedTable.make(self._settings.concurrency))
            except OSError as error:
                if not has_failed:
                    log.error(_NO_START, error)
                has_failed = True
                self._wait()

    def _watch(self) -> None:
        """One round: start processes in empty slots, wait until a process ends, a message comes or a stop is asked for,
        and act on it.
        """
        for slot in self._slots:
            if slot.process is None and time.monotonic() >= slot.due_s and not self._stops:
                self._spawn(slot)
        self._wait()
        if self._stops:
            self._signal_all()
        for slot in list(self._slots):
            self._look_at(slot)
        if self._stops:
            self._slots = [slot for slot in self._slots if slot.process is not None]
        self._kill_the_silent()
        reap_orphans({process_id for _, process_id in self.processes()})
        self._write_health()

    def _wait(self) -> None:
        # Unlike other selectors, this one needs no descriptor of its own. There may be no free one.
        with selectors.PollSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            for slot in self._slots:
                if slot.process is not None:
                    selector.register(slot.process.channel, selectors.EVENT_READ)
                    if slot.process.death is not None:
                        selector.register(slot.process.death, selectors.EVENT_READ)
            selector.select(TICK_S)
        with suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)

    def _spawn(self, slot: _ProcessSlot) -> None:
        slot.table.clear()
        slot.began_s = time.monotonic()
        try:
            slot.process = WorkerProcess(self._work, slot.table)
        except OSError as error:
            log.error(_NO_START, error)
            self._postpone(slot)

    def _look_at(self, slot: _ProcessSlot) -> None:
        process = slot.process
        if process is None:
            return
        code = process.exit_code()
        self._has_worked = self._has_worked or slot.table.last_contact_s() > 0
        for message in process.messages():
            if isinstance(message, Ready):
                process.is_ready = True
                self._ready = message
            elif self._has_worked:
                log.error("worker %s cannot work: %s; trying again", process.name, message.reason)
            else:
                self._give_up(message)
        if code is not None:
            self._bury(slot, process, code)

    def _give_up(self, fatal: Fatal) -> None:
        """Stop all processes because of an error that every process would meet. It is logged once."""
        if self._exit is Exit.STOPPED:
            log.critical(fatal.reason)
            self._exit = fatal.exit_code
            self.stop()

    def _bury(self, slot: _ProcessSlot, process: WorkerProcess, code: int) -> None:
        """A process ended: it was told to, its work is done, it cannot work, or it crashed."""
        slot.process = None
        process.close()
        clean_exit = slot.table.clean_exit()
        is_stopping = bool(self._stops)
        if clean_exit is None and not (is_stopping and not process.is_ready and code == -signal.SIGTERM):
            self._take_back(slot, process, code)
        elif is_stopping or (self._settings.until is Until.EMPTY and clean_exit not in (Exit.STUCK, Exit.CRASHED)):
            self._slots.remove(slot)
        elif clean_exit in (Exit.MISCONFIGURED, Exit.CRASHED):
            self._postpone(slot)
        else:
            reason = "has a handler that does not end" if clean_exit == Exit.STUCK else "was stopped by somebody else"
            log.warning("worker %s %s; it is replaced", process.name, reason)

    def _take_back(self, slot: _ProcessSlot, process: WorkerProcess, code: int) -> None:
        log.error("worker %s died (%s); taking its tasks back", process.name, _cause(code))
        if self._ready is not None:
            # A process that dies while it stops was most likely killed by somebody who did not want to wait. This does
            # not count as a crash of the tasks that ran.
            self._recoverer.died(process.name, set() if self._stops else slot.table.read(), self._ready)
        self._postpone(slot)

    def _postpone(self, slot: _ProcessSlot) -> None:
        """Set when the next process may start in a slot: at once, or after a backoff if the last one died early."""
        now_s = time.monotonic()
        slot.deaths = 0 if now_s - slot.began_s > SETTLED_S else slot.deaths + 1
        slot.due_s = now_s + (RESPAWN_BACKOFF.delay_s(slot.deaths, _random) if slot.deaths else 0)

    def _signal_all(self) -> None:
        """Tell every process to stop, once; kill them when told again, or when they take too long."""
        now_s = time.monotonic()
        if not self._is_told:
            self._is_told = True
            if self._exit is Exit.STOPPED:
                log.info("stopping %s", counted(len(self.processes()), "worker process", "worker processes"))
            self._hard_stop_s = now_s + self._settings.grace_s + ENDING_S
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.terminate()
        is_late = now_s > self._hard_stop_s
        if is_late:
            log.critical("not every process has ended by itself; killing the others")
        if is_late or len(self._stops) > 1:
            self._hard_stop_s = math.inf
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.kill()

    def _kill_the_silent(self) -> None:
        """Kill processes whose lease renewer does not run: something blocks the interpreter or has stopped it."""
        now_s = time.monotonic()
        longest_silence_s = max(CONTACT_S, self._settings.lease_s + self._settings.stuck_after_s)
        for slot in self._slots:
            silent_s = slot.liveness.check(slot.table.last_alive_s(), now_s)
            if silent_s > longest_silence_s and slot.process is not None:
                log.critical("worker %s has given no sign of life for %.0f s; killing it", slot.process.name, silent_s)
                slot.process.kill()

    def _write_health(self) -> None:
        """Write the health file while every process gets answers from Redis. If one does not, the file grows old."""
        ages_s = [round(time.monotonic() - slot.table.last_contact_s(), 1) for slot in self._slots]
        if self._health_file is not None and ages_s and max(ages_s) < CONTACT_S:
            self._health_file.write(dict(zip([name for name, _ in self.processes()], ages_s, strict=False)))


def supervise(work: Work, health_file: Path | None = None) -> Exit:
    """Run a supervisor in the main thread: the first SIGTERM, SIGINT or SIGHUP stops gracefully, the second hard."""
    supervisor = Supervisor(work, health_file)
    with _stopped_by_signals(supervisor):
        return supervisor.run()


@contextmanager
def _stopped_by_signals(supervisor: Supervisor) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.stop()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    show_stacks_on_signal()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        numbers.append(signal.SIGHUP)
    previous = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _random() -> float:
    """A random number from [0, 1). Importing the module `random` would take three megabytes."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def _cause(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
