"""The processes of a world of schedules: workers that only declare and fire, operators, and who runs the tasks."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from redisched.engine.schedules import Schedules
from redisched.errors import BrokerUnavailable, DuplicateSchedule, InvalidOption, UnknownSchedule
from redisched.store.operation import run_async
from redisched.store.store import Store
from redisched.store.values import Ack, ClaimRequest
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import QUEUE, Plan
from tests.simulation.process import Process
from tests.simulation.service_process import ServiceProcess

HANDLER = "tick"
READ_TIME_EVERY_S = 1.0
MOST_CLAIMED = 100
LEASE_MS = 60_000
KEPT_MS = 100_000_000
RUNS_S = 1.5
"""A task runs up to so long."""
LIVE = tuple(f"live{number}" for number in range(8))
"""The schedules that operators add."""
INTERVALS_S = (1, 1, 2, 5)
MISFIRES = ("skip", "latest", "all", "all(max=7)")
JITTERS = (0.001, 0.001, 1.5, 40)

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deploy:
    """What the code of one version of an application declares: the options of each schedule, by its name."""

    application: str
    schedules: Mapping[str, Fields]


class FiringProcess(ServiceProcess):
    """A process that runs what a worker does for schedules, and nothing else of a worker."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan, deploy: Deploy) -> None:
        settings = replace(plan.settings, application=deploy.application)
        super().__init__(name, network, clock, replace(plan, settings=settings))
        handler = self.app.task(name=HANDLER, queue=QUEUE)(_tick)
        for schedule, fields in deploy.schedules.items():
            policies = {option: value for option, value in fields.items() if option != "every"}
            self.app.every(fields["every"], name=schedule, queue=QUEUE, **policies)(handler)
        self.deploy = deploy
        self.start(self._run(plan))

    async def _run(self, plan: Plan) -> None:
        broker = self.app.broker
        context = self.context_of(plan, {(QUEUE, 0): Store(broker.script_runner, QUEUE)})
        client = broker.open_async_client(broker.timeout_s, "test")
        Schedules(context, broker, client, self.deploy.application, self.start_service)
        while True:
            await self.read_time(context)
            await self.loop.rest(READ_TIME_EVERY_S)


class ScheduleOperator(Process):
    """Adds, changes, pauses, resumes, runs and removes schedules, also those that code declares, until it is told to
    stop.
    """

    def __init__(
        self, name: str, network: Network, clock: MachineClock, plan: Plan, names: tuple[str, ...], between_s: float
    ) -> None:
        super().__init__(name, network, clock, plan)
        self.app.task(name=HANDLER, queue=QUEUE)(_tick)
        self.is_told_to_stop = False
        self._names = names
        self._between_s = between_s
        self.start(self._operate())

    async def _operate(self) -> None:
        random = self.kernel.random
        while not self.is_told_to_stop:
            await self.loop.rest(random.expovariate(1 / self._between_s))
            with suppress(BrokerUnavailable, UnknownSchedule, DuplicateSchedule, InvalidOption):
                await self._act(random.choice(self._names))
        for name in self._names:
            await self._leave(name)

    async def _act(self, name: str) -> None:
        random, schedules = self.kernel.random, self.app.schedules
        roll = random.random()
        if roll < 0.2:
            await schedules.add_async(name, HANDLER, queue=QUEUE, **some_fields(random.choice))
        elif roll < 0.5:
            await schedules.change_async(name, queue=QUEUE, args=(random.randrange(1_000),))
        elif roll < 0.65:
            await schedules.change_async(name, queue=QUEUE, **some_fields(random.choice))
        elif roll < 0.75:
            await schedules.pause_async(name, queue=QUEUE)
        elif roll < 0.9:
            await schedules.resume_async(name, queue=QUEUE)
        elif roll < 0.95:
            await schedules.run_async(name, queue=QUEUE)
        else:
            await schedules.remove_async(name, queue=QUEUE)

    async def _leave(self, name: str) -> None:
        """In the end every schedule fires."""
        await self._insist(partial(self.app.schedules.resume_async, name, queue=QUEUE))

    async def _insist(self, call: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await call()
            except UnknownSchedule:
                return
            except BrokerUnavailable:
                continue
            return


class TidyScheduleOperator(ScheduleOperator):
    """Adds all schedules at first. In the end there is none."""

    async def _operate(self) -> None:
        for name in self._names:
            with suppress(BrokerUnavailable, DuplicateSchedule):
                fields = some_fields(self.kernel.random.choice)
                await self.app.schedules.add_async(name, HANDLER, queue=QUEUE, **fields)
        await super()._operate()

    async def _leave(self, name: str) -> None:
        await self._insist(partial(self.app.schedules.remove_async, name, queue=QUEUE))


class SlotTaker(Process):
    """Claims the tasks of slots every so often, and ends each of them a moment later."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan, every_s: float) -> None:
        super().__init__(name, network, clock, plan)
        self._every_s = every_s
        self._store = Store(self.app.broker.script_runner, QUEUE)
        self._running: list[tuple[float, Ack]] = []
        self.start(self._take())

    async def _take(self) -> None:
        client = self.app.broker.open_async_client(self.app.broker.timeout_s, "test")
        number = 0
        while True:
            number += 1
            request = ClaimRequest(
                worker=self.name, nonce=f"n.{number}", limit=MOST_CLAIMED, ahead_ms=0, ahead_limit=0, lease_ms=LEASE_MS
            )
            claim = await run_async(self._store.claim(request), client)
            for lease in claim.leases:
                ends_us = self.kernel.now_us + 1e6 * RUNS_S * self.kernel.random.random()
                self._running.append((ends_us, Ack(lease.id, lease.token, KEPT_MS, b"")))
            over = [ack for ends_us, ack in self._running if ends_us <= self.kernel.now_us]
            self._running = [one for one in self._running if one[0] > self.kernel.now_us]
            if over:
                await run_async(self._store.ack(over), client)
            if len(claim.leases) < MOST_CLAIMED:
                await self.loop.rest(self._every_s)


def some_fields(choose: Callable[[Any], Any]) -> Fields:
    """When the slots of a schedule come, and its policies."""
    return {
        "every": choose(INTERVALS_S),
        "misfire": choose(MISFIRES),
        "overlap": choose(("allow", "allow", "skip")),
        "jitter": choose(JITTERS),
    }


def _tick(number: int = 0) -> None:
    """What a slot would run."""
