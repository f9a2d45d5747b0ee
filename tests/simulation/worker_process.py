"""A simulated process that runs redisched's own worker, with its lease renewer in the lane of its threads."""

from collections.abc import Callable
from dataclasses import dataclass

from redisched.engine.alarm import LoopAlarm
from redisched.engine.introducer import Introducer
from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.runtime import Runtime
from redisched.engine.started import NoStartedTable, StartedTask
from redisched.engine.worker import Worker
from redisched.store.broker import Broker
from redisched.store.operation import run_async
from tests.simulation.introducers import NamelessIntroducer, SilentTallySender
from tests.simulation.lane import Lane, MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import Plan
from tests.simulation.process import Process


class StartedInMemory(NoStartedTable):
    """The tasks that a process has started, kept where its supervisor can read them after its death."""

    def __init__(self) -> None:
        self._slots: dict[int, StartedTask] = {}

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None:
        self._slots[slot] = StartedTask(queue, task_id, token)

    def leave(self, slot: int) -> None:
        self._slots.pop(slot, None)

    def read(self) -> set[StartedTask]:
        """Every task that had started and not ended."""
        return set(self._slots.values())


class LeaseRenewerTask:
    """A lease renewer that runs in a lane."""

    def __init__(self, renewer: LeaseRenewer, broker: Broker, lane: Lane) -> None:
        self._renewer = renewer
        self._broker = broker
        self._lane = lane
        self._is_stopped = False
        lane.call_soon(self._start)

    def stop(self) -> None:
        self._is_stopped = True

    def _start(self) -> None:
        self._lane.run(self._run())

    async def _run(self) -> None:
        client = self._broker.open_async_client(self._broker.timeout_s, "worker")
        delay_s = self._renewer.heartbeat_s
        while True:
            await self._lane.rest(delay_s)
            if self._is_stopped:
                return
            delay_s = await run_async(self._renewer.step(), client)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHooks:
    """The hooks of a worker process: `furnish` registers its handlers, `on_end` is called at its end."""

    furnish: Callable[["WorkerProcess"], None]
    on_end: Callable[["WorkerProcess"], None]


class WorkerProcess(Process):
    """A process that runs a worker."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan, hooks: WorkerHooks) -> None:
        super().__init__(name, network, clock, plan)
        hooks.furnish(self)
        self.started = StartedInMemory()
        self.is_stopping = False
        self.stopped_us = -1
        runtime = Runtime(
            clock=clock,
            random=self.kernel.random.random,
            start_renewing=lambda renewer, broker: LeaseRenewerTask(renewer, broker, self.threads),
            make_alarm=LoopAlarm,
            introducer=Introducer if plan.deploys else NamelessIntroducer,
            tally_sender=SilentTallySender,
        )
        self.loop.enter()
        self.worker = Worker(self.app, plan.worker_settings, self.started, name, runtime)
        self.start(self.worker.run())

    def holds(self) -> int:
        """How many leases the worker holds."""
        return len(self.worker._context.in_flight)

    def has_in_hand(self, task_id: str, token: int) -> bool:
        """Whether the worker knows of a lease of its own."""
        return any(task.lease.id == task_id and task.lease.token == token for task in self.worker._context.in_flight)

    def stop(self) -> None:
        """Stop it gracefully, as SIGTERM does."""
        self.is_stopping = True
        self.stopped_us = self.kernel.now_us
        self.loop.call_soon(self.worker.stop)
