"""Runs worker processes, replaces those that die, and has a dead one's tasks taken back at once.

It knows neither Redis nor the application, and stays small: both are its processes' affair.
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
"""A process that lived so long may be replaced at once."""
TICK_S = 0.5
CONTACT_S = 15.0
"""A process that Redis did not answer for so long is not healthy."""
ENDING_S = 10.0
"""After its grace a process has so long to end; then it is killed."""
RECOVERING_S = 3.0
"""A fleet that ends waits so long for Redis to take back what died."""
_NO_START = "no worker process can be started: %s; trying again"
SAME_STOP_S = 0.5
"""Terminals, wrappers and containers send a signal twice: what comes so soon after the first says the same."""


@dataclass(slots=True)
class _Seat:
    """A place for one worker process, and who sits there now."""

    table: StartedTable
    process: WorkerProcess | None = None
    began_s: float = 0.0
    due_s: float = 0.0
    deaths: int = 0
    liveness: Liveness = field(default_factory=Liveness)


class Supervisor:
    """Keeps as many worker processes as the settings of its work say running until it is told to stop."""

    def __init__(self, work: Work, health_file: Path | None = None) -> None:
        settings = work.settings
        self._work = work
        self._settings = settings
        self._health_file = None if health_file is None else HealthFile(health_file)
        self._seats: list[_Seat] = []
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stops: list[float] = []
        self._is_told = False
        self._hard_stop_s = math.inf
        self._exit = Exit.STOPPED
        self._ready: Ready | None = None
        self._has_worked = False
        self._recoverer = Recoverer(settings.crash_limit)

    def run(self) -> Exit:
        """Run until stopped, until every process ended by itself, or until one says that none can work."""
        tables: list[StartedTable] = []
        try:
            self._make_tables(tables)
            self._seats = [_Seat(table) for table in tables]
            while self._seats:
                self._watch()
        finally:
            for seat in self._seats:
                if seat.process is not None:
                    seat.process.kill()
                    seat.process.close()
            self._recoverer.finish(RECOVERING_S)
            for table in tables:
                table.close()
            if self._health_file is not None:
                self._health_file.remove()
        return self._exit

    def stop(self) -> None:
        """Stop gracefully; called again after half a second, stop hard. Safe from a signal handler and any thread."""
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
        return [(seat.process.name, seat.process.process_id) for seat in self._seats if seat.process is not None]

    def _make_tables(self, tables: list[StartedTable]) -> None:
        """Make a table for each process. Where there is no room for one, there may be later."""
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
        """One round: fill empty seats, wait for a death, a message or a stop, and act on it."""
        for seat in self._seats:
            if seat.process is None and time.monotonic() >= seat.due_s and not self._stops:
                self._spawn(seat)
        self._wait()
        if self._stops:
            self._signal_all()
        for seat in list(self._seats):
            self._look_at(seat)
        if self._stops:
            self._seats = [seat for seat in self._seats if seat.process is not None]
        self._kill_the_silent()
        reap_orphans({process_id for _, process_id in self.processes()})
        self._write_health()

    def _wait(self) -> None:
        # Unlike others it needs no descriptor of its own: there may be none.
        with selectors.PollSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            for seat in self._seats:
                if seat.process is not None:
                    selector.register(seat.process.line, selectors.EVENT_READ)
                    if seat.process.death is not None:
                        selector.register(seat.process.death, selectors.EVENT_READ)
            selector.select(TICK_S)
        with suppress(BlockingIOError):
            os.read(self._wake_reader, 4096)

    def _spawn(self, seat: _Seat) -> None:
        seat.table.clear()
        seat.began_s = time.monotonic()
        try:
            seat.process = WorkerProcess(self._work, seat.table)
        except OSError as error:
            log.error(_NO_START, error)
            self._postpone(seat)

    def _look_at(self, seat: _Seat) -> None:
        process = seat.process
        if process is None:
            return
        code = process.exit_code()
        self._has_worked = self._has_worked or seat.table.last_contact_s() > 0
        for message in process.messages():
            if isinstance(message, Ready):
                process.is_ready = True
                self._ready = message
            elif self._has_worked:
                log.error("worker %s cannot work: %s; trying again", process.name, message.reason)
            else:
                self._give_up(message)
        if code is not None:
            self._bury(seat, process, code)

    def _give_up(self, fatal: Fatal) -> None:
        """What keeps one process from working keeps all others from it, too: it is said once."""
        if self._exit is Exit.STOPPED:
            log.critical(fatal.reason)
            self._exit = fatal.exit_code
            self.stop()

    def _bury(self, seat: _Seat, process: WorkerProcess, code: int) -> None:
        """A process ended: because it was told to, because its work is done or cannot begin, or by an accident."""
        seat.process = None
        process.close()
        farewell = seat.table.farewell()
        is_stopping = bool(self._stops)
        if farewell is None and not (is_stopping and not process.is_ready and code == -signal.SIGTERM):
            self._take_back(seat, process, code)
        elif is_stopping or (self._settings.until is Until.EMPTY and farewell != Exit.STUCK):
            self._seats.remove(seat)
        elif farewell in (Exit.MISCONFIGURED, Exit.CRASHED):
            self._postpone(seat)
        else:
            reason = "has a handler that does not end" if farewell == Exit.STUCK else "was stopped by somebody else"
            log.warning("worker %s %s; it is replaced", process.name, reason)

    def _take_back(self, seat: _Seat, process: WorkerProcess, code: int) -> None:
        log.error("worker %s died (%s); taking its tasks back", process.name, _cause(code))
        if self._ready is not None:
            # Who dies while stopping was most likely killed by somebody impatient: that is not held against what ran.
            self._recoverer.died(process.name, set() if self._stops else seat.table.read(), self._ready)
        self._postpone(seat)

    def _postpone(self, seat: _Seat) -> None:
        """Say when the next process may begin in a seat: at once, unless the last one did not live long."""
        now_s = time.monotonic()
        seat.deaths = 0 if now_s - seat.began_s > SETTLED_S else seat.deaths + 1
        seat.due_s = now_s + (RESPAWN_BACKOFF.delay_s(seat.deaths, _random) if seat.deaths else 0)

    def _signal_all(self) -> None:
        """Tell every process to stop, once; kill them when told again, or when they take too long."""
        now_s = time.monotonic()
        if not self._is_told:
            self._is_told = True
            if self._exit is Exit.STOPPED:
                log.info("stopping %d worker processes", len(self.processes()))
            self._hard_stop_s = now_s + self._settings.grace_s + ENDING_S
            for seat in self._seats:
                if seat.process is not None:
                    seat.process.terminate()
        is_late = now_s > self._hard_stop_s
        if is_late:
            log.critical("not every process has ended by itself; killing the others")
        if is_late or len(self._stops) > 1:
            self._hard_stop_s = math.inf
            for seat in self._seats:
                if seat.process is not None:
                    seat.process.kill()

    def _kill_the_silent(self) -> None:
        """Kill processes whose lease renewer does not run: something blocks the interpreter or has stopped it."""
        now_s = time.monotonic()
        patience_s = max(CONTACT_S, self._settings.lease_s + self._settings.stuck_after_s)
        for seat in self._seats:
            silent_s = seat.liveness.check(seat.table.last_sign_s(), now_s)
            if silent_s > patience_s and seat.process is not None:
                log.critical("worker %s has given no sign of life for %.0f s; killing it", seat.process.name, silent_s)
                seat.process.kill()

    def _write_health(self) -> None:
        """Touch the health file while every process is in contact with Redis; its age tells the rest."""
        ages_s = [round(time.monotonic() - seat.table.last_contact_s(), 1) for seat in self._seats]
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
    """Draws from [0, 1). What `random` brings along takes three megabytes."""
    return int.from_bytes(os.urandom(4), "big") / 2**32


def _cause(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
