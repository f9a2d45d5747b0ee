"""What a worker process takes from its surroundings: the clock, random numbers, threads and timers.

They are handed in, so that a simulation can run the same worker with a simulated clock, its own random numbers and no
threads.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from redisched.clock import Clock, SystemClock
from redisched.engine.alarm import MakeAlarm, make_alarm
from redisched.engine.introducer import Introducer
from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.lease_renewer_thread import LeaseRenewerThread
from redisched.engine.leased_task import LeasedTask
from redisched.engine.tally_sender import TallySender
from redisched.engine.worker_context import WorkerContext
from redisched.orders import WorkerState
from redisched.store.broker import AsyncBrokerClient, Broker


class RunningRenewer(Protocol):
    """A lease renewer that was started."""

    def stop(self) -> None:
        """Stop. Leases of tasks that are still in flight end by themselves."""


class WorkerObserver(Protocol):
    """Whoever wants to know how a worker does. Both calls come in the thread of its event loop."""

    def works(
        self, context: WorkerContext, running: Callable[[], Sequence[LeasedTask]], state: Callable[[], WorkerState]
    ) -> None:
        """The worker works now. `running` answers the tasks whose handlers run; both are safe from any thread."""

    def drains(self) -> None:
        """The worker claims nothing more, and another one may have its place already."""


class NoObserver:
    """Nobody wants to know."""

    def works(
        self, context: WorkerContext, running: Callable[[], Sequence[LeasedTask]], state: Callable[[], WorkerState]
    ) -> None:
        """Nothing to do."""

    def drains(self) -> None:
        """Nothing to do."""


def open_worker_client(broker: Broker) -> AsyncBrokerClient:
    """A client for the services of a worker."""
    return broker.open_async_client(broker.timeout_s, "worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The runtime of one worker process.

    `random` draws from [0, 1). `start_renewing` starts a lease renewer outside of the event loop. `make_alarm` makes
    the alarm that wakes a worker when a task falls due, `introducer` what says that it lives, and `tally_sender` what
    says what it does. `open_client` opens the client of its services.
    """

    clock: Clock
    random: Callable[[], float]
    start_renewing: Callable[[LeaseRenewer, Broker], RunningRenewer]
    make_alarm: MakeAlarm
    introducer: type[Introducer] = Introducer
    tally_sender: type[TallySender] = TallySender
    open_client: Callable[[Broker], AsyncBrokerClient] = open_worker_client
    observer: WorkerObserver = field(default_factory=NoObserver)


def renew_in_thread(renewer: LeaseRenewer, broker: Broker) -> RunningRenewer:
    """Start a lease renewer in a thread of its own."""
    return LeaseRenewerThread(renewer, broker.open_client("lease-renewer"))


SYSTEM_RUNTIME = Runtime(
    clock=SystemClock(), random=random.random, start_renewing=renew_in_thread, make_alarm=make_alarm
)
