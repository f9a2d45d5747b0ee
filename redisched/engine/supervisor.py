"""Runs worker processes, replaces those that die, and takes a dead one's tasks back at once."""

import json
import logging
import math
import multiprocessing
import random
import signal
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.util import get_temp_dir
from pathlib import Path
from types import FrameType

from redisched.backoff import Backoff
from redisched.config import Until, WorkerSettings
from redisched.engine.application import load_application
from redisched.engine.child import ChildSpec, Exit, run_child
from redisched.engine.identity import worker_name
from redisched.engine.link import log
from redisched.engine.recovery import Recovery
from redisched.engine.silence import Silence
from redisched.engine.started import StartedTable
from redisched.store.operation import Client, run

RESPAWN_BACKOFF = Backoff(base_s=0.1, cap_s=5.0)
SETTLED_S = 5.0
"""A process that lived so long may be replaced at once."""
TICK_S = 0.5
CONTACT_S = 15.0
"""A process that Redis did not answer for so long is not healthy."""
ENDING_S = 15.0
"""After its grace a process has so long to end; then it is killed."""


@dataclass(slots=True)
class _Seat:
    """A place for one worker process, and who sits there now."""

    number: int
    table: StartedTable
    worker: str = ""
    process: SpawnProcess | None = None
    began_s: float = 0.0
    due_s: float = 0.0
    deaths: int = 0
    silence: Silence = field(default_factory=Silence)


class Supervisor:
    """Keeps `settings.processes` worker processes of an application running until it is told to stop."""

    def __init__(self, target: str, settings: WorkerSettings, health_file: Path | None = None) -> None:
        self._target = target
        self._settings = settings
        self._health_file = health_file
        self._context = multiprocessing.get_context("spawn")
        self._seats: list[_Seat] = []
        self._ear, self._bell = self._context.Pipe(duplex=False)
        self._stops = 0
        self._hard_stop_s = math.inf
        self._exit = Exit.STOPPED
        self.recovery: Recovery | None = None

    def run(self) -> Exit:
        """Run until stopped, until every process ended by itself, or until one says it is misconfigured.

        Raises AppNotFound when there is no such application.
        """
        application = load_application(self._target)
        client = application.broker.client()
        self.recovery = Recovery(application, self._settings)
        # Its processes inherit this place for their sockets, and none of them would remove one of its own.
        get_temp_dir()
        with tempfile.TemporaryDirectory(prefix="redisched-") as folder:
            for number in range(self._settings.processes):
                table = StartedTable(Path(folder) / f"started-{number}", self._settings.concurrency)
                self._seats.append(_Seat(number, table))
            try:
                while self._seats:
                    self._watch(self.recovery, client)
            finally:
                for seat in self._seats:
                    self._kill(seat)
                run(self.recovery.finish(), client)
        return self._exit

    def stop(self) -> None:
        """Stop gracefully; called again, stop hard. Safe from a signal handler and from any thread."""
        self._stops += 1
        self._bell.send_bytes(b"stop")

    def processes(self) -> list[tuple[str, int]]:
        """Worker name and process id of every process that runs."""
        return [(seat.worker, seat.process.pid or 0) for seat in self._seats if seat.process is not None]

    def _watch(self, recovery: Recovery, client: Client) -> None:
        """One round: fill empty seats, wait for a death or a stop, and act on it."""
        for seat in self._seats:
            if seat.process is None and time.monotonic() >= seat.due_s and not self._stops:
                self._spawn(seat)
        living = {seat.process.sentinel: seat for seat in self._seats if seat.process is not None}
        for ready in wait([self._ear, *living], timeout=TICK_S):
            if isinstance(ready, int):
                self._bury(living[ready], recovery)
            else:
                self._ear.recv_bytes()
                self._signal_all()
        if time.monotonic() > self._hard_stop_s:
            self._hard_stop_s = math.inf
            log.critical("not every process has ended by itself; killing the others")
            self.stop()
        if self._stops:
            self._seats = [seat for seat in self._seats if seat.process is not None]
        self._kill_the_silent()
        run(recovery.step(), client)
        self._write_health()

    def _spawn(self, seat: _Seat) -> None:
        seat.table.clear()
        seat.worker = worker_name(random.random)
        seat.began_s = time.monotonic()
        spec = ChildSpec(
            target=self._target,
            settings=self._settings,
            worker=seat.worker,
            table=seat.table.path,
            log_level=logging.getLogger().getEffectiveLevel(),
        )
        seat.process = self._context.Process(target=run_child, args=(spec,), name=f"redisched-worker-{seat.number}")
        seat.process.start()

    def _bury(self, seat: _Seat, recovery: Recovery) -> None:
        """A process ended: because it was told to, because its work is done or cannot begin, or by an accident."""
        process, seat.process = seat.process, None
        if process is None:
            return
        process.join()
        code = process.exitcode
        process.close()
        if not seat.table.heard_farewell():
            self._take_back(seat, recovery, code)
        elif code == Exit.MISCONFIGURED:
            self._exit = Exit.MISCONFIGURED
            self._seats.remove(seat)
            self.stop()
        elif self._stops or (self._settings.until is Until.EMPTY and code != Exit.STUCK):
            self._seats.remove(seat)
        else:
            reason = "has a handler that does not end" if code == Exit.STUCK else "was stopped by somebody else"
            log.warning("worker %s %s; it is replaced", seat.worker, reason)

    def _take_back(self, seat: _Seat, recovery: Recovery, code: int | None) -> None:
        log.error("worker %s died (%s); taking its tasks back", seat.worker, _cause(code))
        # Who dies while stopping was most likely killed by somebody impatient: that is not held against what ran.
        recovery.died(seat.worker, set() if self._stops else seat.table.read())
        lived_s = time.monotonic() - seat.began_s
        seat.deaths = 0 if lived_s > SETTLED_S else seat.deaths + 1
        seat.due_s = time.monotonic() + (RESPAWN_BACKOFF.delay_s(seat.deaths, random.random) if seat.deaths else 0)

    def _signal_all(self) -> None:
        if self._stops == 1:
            self._hard_stop_s = time.monotonic() + self._settings.grace_s + ENDING_S
        for seat in self._seats:
            if seat.process is None:
                continue
            if self._stops > 1:
                seat.process.kill()
            else:
                seat.process.terminate()

    def _kill(self, seat: _Seat) -> None:
        if seat.process is not None:
            seat.process.kill()
            seat.process.join()

    def _kill_the_silent(self) -> None:
        """Kill processes in which not even the keeper has its turn: something holds the interpreter, or stopped it."""
        now_s = time.monotonic()
        patience_s = max(CONTACT_S, self._settings.lease_s + self._settings.stuck_after_s)
        for seat in self._seats:
            silent_s = seat.silence.listen(seat.table.last_sign_s(), now_s)
            if silent_s > patience_s and seat.process is not None:
                log.critical("worker %s has given no sign of life for %.0f s; killing it", seat.worker, silent_s)
                seat.process.kill()

    def _write_health(self) -> None:
        """Touch the health file while every process is in contact with Redis; its age tells the rest."""
        if self._health_file is None:
            return
        now_s = time.monotonic()
        ages_s = {seat.worker: round(now_s - seat.table.last_contact_s(), 1) for seat in self._seats}
        if ages_s and all(age_s < CONTACT_S for age_s in ages_s.values()):
            fresh = self._health_file.with_suffix(".new")
            fresh.write_text(json.dumps({"seconds_since_contact": ages_s}))
            fresh.replace(self._health_file)


def supervise(target: str, settings: WorkerSettings, health_file: Path | None = None) -> Exit:
    """Run a supervisor in the main thread: the first SIGTERM or SIGINT stops gracefully, the second hard."""
    supervisor = Supervisor(target, settings, health_file)

    def stop(_number: int, _frame: FrameType | None) -> None:
        supervisor.stop()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return supervisor.run()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _cause(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
