"""What a worker process takes from the machine it runs on: time, chance and threads.

It is handed in, so that a simulation can run the same worker in another time, with other chances and without threads.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from redisched.clock import Clock, SystemClock
from redisched.engine.alarm import MakeAlarm, make_alarm
from redisched.engine.keeper import Keeper
from redisched.engine.keeper_thread import KeeperThread
from redisched.store.broker import Broker


class Keeping(Protocol):
    """A keeper at work."""

    def stop(self) -> None:
        """End; leases that are still held run out by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine. `random` draws from [0, 1); `keep` sets a keeper to work, apart from the event loop.

    `make_alarm` makes what wakes a worker when a task falls due.
    """

    clock: Clock
    random: Callable[[], float]
    keep: Callable[[Keeper, Broker], Keeping]
    make_alarm: MakeAlarm


def keep_in_thread(keeper: Keeper, broker: Broker) -> Keeping:
    """Let a keeper work in a thread of its own."""
    return KeeperThread(keeper, broker.open_client("keeper"))


THIS_MACHINE = Machine(clock=SystemClock(), random=random.random, keep=keep_in_thread, make_alarm=make_alarm)
