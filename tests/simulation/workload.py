"""The work of a world: handlers of every behaviour, and producers that enqueue, repeat calls, and cancel."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from redisched.client.request import TaskRequest
from redisched.context import current_task
from redisched.errors import BrokerUnavailable, Conflict, Interruption, LeaseLost, UnknownTask
from redisched.model import Keep
from redisched.options import TaskOptionFields
from redisched.retry import Retry, Snooze, exponential
from redisched.routing.freshness import Freshness
from tests.simulation.audit import ONCE, Audit
from tests.simulation.deploys import NEW, NEW_SHARE, is_of_new_deploy
from tests.simulation.history import Behaviour, Execution, History, Sent
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import QUEUE, Fault, Plan
from tests.simulation.process import Process
from tests.simulation.reports import line
from tests.simulation.threads import Work
from tests.simulation.worker_process import WorkerProcess

RETRY = Retry(backoff=exponential(0.1, 1.0))
LONG_TASK_S = 20.0
"""How long a long task lasts at most."""
EXPIRING_EVERY = 6
EXPIRES_S = 1.5
"""One task in so many expires after so long."""
DEADLINE_EVERY = 5
DEADLINE_S = 2.0
"""One task in so many is not tried again after so long."""
WITHIN_S = 5.0
SCHEDULED = "tick"
"""The handler of schedules."""
LONGEST_TICK_S = 1.5
SNOOZING_EVERY = 7
SNOOZE_S = 0.7
"""One task in so many is too early for its handler the first time, by so much."""
SAVING_EVERY = 3
"""One task in so many saves a checkpoint when it starts, and another at its end."""
KEPT_WHOLE_EVERY = 4
"""One task in so many is kept whole once it has ended."""
RECENT = 20
"""How many of the latest executions are candidates for a cancellation."""


class Failed(Exception):
    """Raised by handlers that are meant to fail."""


class Handlers:
    """The handlers of one worker process. A task says how long it takes, how often it fails, how often it crashes."""

    def __init__(self, process: WorkerProcess, history: History, audit: Audit, plan: Plan) -> None:
        self._process = process
        self._lines = plan.lines
        self._history = history
        self._audit = audit
        process.app.task(name="sync", retry=RETRY)(self.work)
        process.app.task(name="async", retry=replace(RETRY, within=WITHIN_S))(self.work_async)
        process.app.task(name=ONCE, delivery="at_most_once")(self.work_async)
        process.app.task(name=SCHEDULED)(self.tick)
        if plan.deploys and is_of_new_deploy(process.name):
            process.app.task(name=NEW, retry=RETRY)(self.work_async)

    def work(self, lasts_ms: int, failures: int, crashes: int, behaviour: str) -> Any:
        """What the simulated thread does, which a handler's result cannot be annotated as."""
        execution = self._begin(behaviour)
        if self._crashes(execution, crashes):
            self._process.kill()
        return Work(lasts_ms / 1e3, partial(self._finish, execution, failures), behaviour == Behaviour.DEAF)

    async def work_async(self, lasts_ms: int, failures: int, crashes: int, behaviour: str) -> str:
        execution = self._begin(behaviour)
        lane, ends_us = self._process.loop, self._process.kernel.now_us + lasts_ms * 1000
        if behaviour == Behaviour.BLOCKING:
            self._process.block(lasts_ms / 1e3)
        try:
            await self._save(execution)
            while self._process.kernel.now_us < ends_us:
                try:
                    await lane.rest((ends_us - self._process.kernel.now_us) / 1e6)
                except asyncio.CancelledError:
                    if behaviour != Behaviour.DEAF:
                        raise
            await self._save(execution)
        except (asyncio.CancelledError, LeaseLost, BrokerUnavailable) as error:
            self._end(execution, "failed" if isinstance(error, BrokerUnavailable) else "interrupted")
            raise
        if self._crashes(execution, crashes):
            self._process.kill()
            await lane.create_future()
        return self._finish(execution, failures, None)

    async def tick(self, number: int = 0) -> str:
        """What a slot of a schedule runs."""
        execution = self._begin(Behaviour.CALM)
        try:
            await self._process.loop.rest(self._process.kernel.between(0.0, LONGEST_TICK_S))
        except asyncio.CancelledError:
            self._end(execution, "interrupted")
            raise
        self._end(execution, "returned")
        return execution.result()

    def _begin(self, behaviour: str) -> Execution:
        execution = self._history.begin(current_task(), self._process.name, Behaviour(behaviour))
        self._audit.check_start(execution)
        for number in range(self._lines):
            current_task().log(line(execution.fence, number))
            current_task().progress(number + 1, self._lines)
        return execution

    async def _save(self, execution: Execution) -> None:
        if int(execution.id[-3:]) % SAVING_EVERY == 0:
            await current_task().checkpoint_async(f"{execution.result()} at {self._history.now_us()}")

    def _end(self, execution: Execution, how: str) -> None:
        self._history.end(execution, how)
        self._audit.check_end_of(execution)

    def _crashes(self, execution: Execution, crashes: int) -> bool:
        return self._runs_so_far(execution) <= crashes

    def _runs_so_far(self, execution: Execution) -> int:
        return sum(other.id == execution.id for other in self._history.executions)

    def _finish(self, execution: Execution, failures: int, interruption: type[Interruption] | None) -> str:
        if interruption is not None:
            self._end(execution, "interrupted")
            raise interruption
        if int(execution.id[-3:]) % SNOOZING_EVERY == 0 and self._runs_so_far(execution) == 1:
            self._end(execution, "snoozed")
            raise Snooze(SNOOZE_S)
        if execution.attempt <= failures:
            self._end(execution, "failed")
            raise Failed
        self._end(execution, "returned")
        return execution.result()


class Producer(Process):
    """A process that enqueues tasks until the world has enough of them."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan, history: History) -> None:
        super().__init__(name, network, clock, plan)
        self._plan = plan
        self._history = history
        self._made = 0
        self._known: list[str] = []
        self.start(self._produce())

    async def _produce(self) -> None:
        random = self.kernel.random
        while self.kernel.steps < self._plan.steps:
            await self.loop.rest(random.expovariate(1 / self._plan.between_tasks_s))
            roll = random.random()
            if roll < 0.1 and self._known:
                await self._cancel(random.choice(self._running() or self._known))
            elif roll < 0.15 and self._known:
                await self._contradict(random.choice(self._known))
            elif roll < 0.25:
                await self._enqueue([self._request() for _ in range(random.randint(2, 6))])
            else:
                await self._enqueue([self._request()])

    def _running(self) -> list[str]:
        return [execution.id for execution in self._history.executions[-RECENT:] if not execution.how]

    def _request(self) -> TaskRequest:
        random = self.kernel.random
        id = f"{self.name}.{self._made:03}"
        self._made += 1
        longest_s = LONG_TASK_S if random.random() < self._plan.long_share else self._plan.longest_task_s
        lasts_ms = int(1e3 * longest_s * random.random())
        failures = _rarely(random.random())
        crashes = _rarely(random.random()) if Fault.KILL in self._plan.faults else 0
        behaviour = random.choice((Behaviour.CALM, Behaviour.CALM, Behaviour.CALM, Behaviour.BLOCKING, Behaviour.DEAF))
        rare, share = (NEW, NEW_SHARE) if self._plan.deploys else ("unknown", 0.05)
        name = rare if random.random() < share else random.choice(("sync", "async", "sync", "async", ONCE))
        options: TaskOptionFields = {
            "id": id,
            "queue": QUEUE,
            "priority": random.choice((0, 5, 5, 5, 9)),
            "delay": random.choice((0, 0, 0.05, 1.0)),
            "keep": Keep.TASK if self._made % KEPT_WHOLE_EVERY == 0 else Keep.RESULT,
            **(self._unique() if self._plan.keys else self._limits()),
        }
        return self.app.request(name, lasts_ms, failures, crashes, behaviour.value, **options)

    def _limits(self) -> TaskOptionFields:
        return {
            "deadline": DEADLINE_S if self._made % DEADLINE_EVERY == 0 else None,
            "expires": EXPIRES_S if self._made % EXPIRING_EVERY == 0 else None,
        }

    def _unique(self) -> TaskOptionFields:
        key = str(self.kernel.random.randrange(self._plan.keys))
        return {"unique": key, "unique_for": "until_started" if int(key) % 2 else "until_done"}

    async def _enqueue(self, requests: list[TaskRequest]) -> None:
        """Enqueue tasks; a call without an answer is mostly repeated."""
        while True:
            try:
                if len(requests) == 1:
                    refs = [await self.app._sender.send_async(requests[0], Freshness.MAYBE_SENT)]
                else:
                    refs = await self.app.enqueue_many_async(requests)
            except BrokerUnavailable:
                for request in requests:
                    self._history.sent(request.id, Sent.UNKNOWN)
                if self.kernel.chance(0.3):
                    return
            else:
                for ref in refs:
                    # With a unique key it may be the task of another call.
                    self._history.sent(ref.id, Sent.OK)
                    self._known.append(ref.id)
                return

    async def _cancel(self, id: str) -> None:
        with suppress(BrokerUnavailable, UnknownTask):
            outcome = await self.app.ref(id, QUEUE).cancel_async()
            self._history.note(self.name, "cancels", id, outcome)

    async def _contradict(self, id: str) -> None:
        """Enqueue another task under a known id, which a conflict has to prevent."""
        request = self.app.request("async", -1, 0, 0, Behaviour.CALM.value, id=id, queue=QUEUE)
        with suppress(BrokerUnavailable, Conflict):
            await self.app._sender.send_async(request, Freshness.MAYBE_SENT)
            self._history.sent(id, Sent.OK)


def _rarely(roll: float) -> int:
    """Mostly 0."""
    return max(0, int(roll * 20) - 16)
