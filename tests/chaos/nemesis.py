"""Breaks things while a run goes on, as a plan says, and heals them again."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from redisched.chaos import Recorder, Server
from redisched.errors import BrokerError
from redisched.store.broker import connect
from redisched.store.operation import Argument
from tests.chaos.nemesis_plan import Disturbance, Strike
from tests.chaos.servers_moved_clock import MovedClock
from tests.chaos.servers_small_disk import SmallDisk

HOUR_S = 3_600
COMMAND_S = 1.0

Heal = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Victims:
    """What can be broken. `workers` answers the ids of processes."""

    server: Server
    workers: Callable[[], Sequence[int]] = tuple
    disk: SmallDisk | None = None
    clock: MovedClock | None = None


class Nemesis:
    """Strikes from a thread of its own, from `with` to its end; then everything is healed.

    Every strike is written down, even one that missed because its victim was down already. Any other error is
    raised at the end.
    """

    def __init__(self, strikes: Sequence[Strike], victims: Victims, recorder: Recorder) -> None:
        self._strikes = strikes
        self._victims = victims
        self._recorder = recorder
        self.hits: set[Disturbance] = set()
        """The strikes so far."""
        self._wounds: dict[Strike, Heal] = {}
        self._over = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="nemesis")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self.join()

    @property
    def is_at_work(self) -> bool:
        """Whether a strike of the plan is still to be done or healed."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait until the plan has been carried out and everything is healed."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self.carry_out()
        except Exception as error:
            self._error = error

    def carry_out(self) -> None:
        """Carry out the whole plan in this thread."""
        began_s = time.monotonic()
        steps = [(strike.at_s, self._strike, strike) for strike in self._strikes]
        steps += [(strike.at_s + strike.lasts_s, self._heal, strike) for strike in self._strikes]
        for at_s, step, strike in sorted(steps, key=lambda planned: planned[0]):
            is_over = self._over.wait(max(0.0, began_s + at_s - time.monotonic()))
            if not (is_over and step == self._strike):
                with contextlib.suppress(BrokerError):
                    step(strike)
        # These could not be healed earlier because the server itself was down.
        for strike in list(self._wounds):
            self._heal(strike)

    def _strike(self, strike: Strike) -> None:
        try:
            heal = _WAYS[strike.disturbance](self._victims, strike)
        except (BrokerError, LookupError, ProcessLookupError):
            self._recorder.disturbed(strike.disturbance, "missed")
            return
        self.hits.add(strike.disturbance)
        self._recorder.disturbed(strike.disturbance, "hit")
        if heal is not None:
            self._wounds[strike] = heal

    def _heal(self, strike: Strike) -> None:
        heal = self._wounds.get(strike)
        if heal is not None:
            heal()
            del self._wounds[strike]
            self._recorder.disturbed(strike.disturbance, "healed")


def _command(victims: Victims, *command: Argument) -> Any:
    broker = connect(victims.server.url, COMMAND_S)
    try:
        return broker.client().perform(command)
    finally:
        broker.close()


def _send(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, number)


def _chosen(victims: Victims, strike: Strike) -> int:
    """A worker process. Raises LookupError if there is none."""
    workers = sorted(victims.workers())
    return workers[int(strike.chance * len(workers))]


def _kill_worker(victims: Victims, strike: Strike) -> None:
    _send(_chosen(victims, strike), signal.SIGKILL)


def _pause_worker(victims: Victims, strike: Strike) -> Heal:
    worker = _chosen(victims, strike)
    _send(worker, signal.SIGSTOP)
    return partial(_send, worker, signal.SIGCONT)


def _kill_server(victims: Victims, _: Strike) -> Heal:
    victims.server.kill()
    return victims.server.start


def _pause_server(victims: Victims, _: Strike) -> Heal:
    victims.server.pause()
    return victims.server.resume


def _restart_server(victims: Victims, _: Strike) -> None:
    victims.server.restart()


def _flush_scripts(victims: Victims, _: Strike) -> None:
    _command(victims, "SCRIPT", "FLUSH")


def _kill_clients(victims: Victims, _: Strike) -> None:
    _command(victims, "CLIENT", "KILL", "TYPE", "normal")


def _fill_memory(victims: Victims, _: Strike) -> Heal:
    _command(victims, "CONFIG", "SET", "maxmemory", 1)
    return partial(_command, victims, "CONFIG", "SET", "maxmemory", 0)


def _fill_disk(victims: Victims, _: Strike) -> Heal:
    if victims.disk is None:
        raise LookupError("there is no small disk")
    victims.disk.fill()
    return victims.disk.clear


def _move_clock(victims: Victims, strike: Strike) -> Heal:
    if victims.clock is None:
        raise LookupError("there is no clock to move")
    victims.clock.move(HOUR_S if strike.chance < 0.5 else -HOUR_S)
    return partial(victims.clock.move, 0)


_WAYS: dict[Disturbance, Callable[[Victims, Strike], Heal | None]] = {
    Disturbance.KILL_WORKER: _kill_worker,
    Disturbance.PAUSE_WORKER: _pause_worker,
    Disturbance.KILL_SERVER: _kill_server,
    Disturbance.PAUSE_SERVER: _pause_server,
    Disturbance.RESTART_SERVER: _restart_server,
    Disturbance.FLUSH_SCRIPTS: _flush_scripts,
    Disturbance.KILL_CLIENTS: _kill_clients,
    Disturbance.FILL_MEMORY: _fill_memory,
    Disturbance.FILL_DISK: _fill_disk,
    Disturbance.MOVE_CLOCK: _move_clock,
}
