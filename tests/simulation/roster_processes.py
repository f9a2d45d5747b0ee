"""The processes of a world of the roster: workers that only say that they live and what they did, and operators."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from redisched.activity import AttemptEnd
from redisched.engine.claiming.claimer import Claimer
from redisched.engine.introducer import Introducer
from redisched.engine.introducing import Introducing, start_introducing
from redisched.engine.order_taker import OrderTaker
from redisched.engine.tally_sender import TallySender
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerUnavailable, UnknownWorker
from redisched.orders import WorkerState
from redisched.store.operation import AsyncClient
from redisched.store.roster import Roster
from redisched.store.tallies import Tallies
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import QUEUE, Plan
from tests.simulation.process import Process
from tests.simulation.service_process import ServiceProcess

ENDS = (AttemptEnd.SUCCEEDED, AttemptEnd.FAILED, AttemptEnd.EXPIRED)
QUEUES = (QUEUE, "billing")
BETWEEN_TASKS_S = 0.3
MOST_AT_ONCE = 5
TELL_TIME_EVERY_S = 1.0


class NotingClaimer:
    """Stands for the claimer of a worker: notes which orders are carried out, and does what the state shows."""

    def __init__(self) -> None:
        self.is_quiet = False
        self.on_told: Callable[[], None] = lambda: None

    def quiet(self) -> None:
        self.is_quiet = True
        self.on_told()

    def resume(self) -> None:
        self.is_quiet = False
        self.on_told()


class RosterProcess(ServiceProcess):
    """A process with all that tells Redis of a worker, and nothing else of one. `on_told` is called with the words of
    each order that it carries out.
    """

    def __init__(
        self,
        name: str,
        network: Network,
        clock: MachineClock,
        plan: Plan,
        handlers: tuple[str, ...],
        on_told: Callable[[str, str], None],
    ) -> None:
        super().__init__(name, network, clock, plan)
        for handler in handlers:
            self.app.task(name=handler, queue=QUEUE)(_nothing)
        self.handlers = handlers
        self.done: Counter[tuple[str, AttemptEnd]] = Counter()
        """What it has done, by queue and end."""
        self.is_counted = False
        """Whether it has ended in good order, and knows that all it has done is counted."""
        self._on_told = on_told
        self.is_leaving = False
        self.start(self._run(plan))

    def stop(self) -> None:
        """Stop it gracefully, as SIGTERM does."""
        self.is_leaving = True

    async def _run(self, plan: Plan) -> None:
        broker = self.app.broker
        context = self.context_of(plan, {})
        client = broker.open_async_client(broker.timeout_s, "test")
        introducing = self._introduce(context, client)
        time_s = -TELL_TIME_EVERY_S
        while not self.is_leaving:
            if self.clock.monotonic() >= time_s:
                await self.read_time(context)
                time_s = self.clock.monotonic() + TELL_TIME_EVERY_S
            await self.loop.rest(self.kernel.random.expovariate(1 / BETWEEN_TASKS_S))
            self._do(context)
        await introducing.end()
        self.is_counted = context.tally.batch(0.0) is None

    def _introduce(self, context: WorkerContext, client: AsyncClient) -> Introducing:
        runner = self.app.broker.script_runner
        introducer = Introducer(context, client, Roster(runner))
        claimer = NotingClaimer()
        order_taker = OrderTaker(self.name, cast(Claimer, claimer), lambda _: self._leave(order_taker.heard))
        claimer.on_told = lambda: self._on_told(self.name, order_taker.heard)
        introducer.order_taker = order_taker
        introducer.state = lambda: WorkerState.QUIET if claimer.is_quiet else WorkerState.WORKING
        sender = TallySender(context, client, Tallies(runner))
        return start_introducing(context, client, introducer, sender, self.start_service)

    def _leave(self, told: str) -> None:
        self._on_told(self.name, told)
        self.is_leaving = True

    def _do(self, context: WorkerContext) -> None:
        random = self.kernel.random
        queue, end, number = random.choice(QUEUES), random.choice(ENDS), random.randint(1, MOST_AT_ONCE)
        context.tally.add(queue, end, number)
        self.done[queue, end] += number


class RosterOperator(Process):
    """Lists workers and tells them what to do, also such as are gone, until it is told to stop."""

    def __init__(
        self,
        name: str,
        network: Network,
        clock: MachineClock,
        plan: Plan,
        find: Callable[[], list[str]],
        every_s: float,
    ) -> None:
        super().__init__(name, network, clock, plan)
        self.is_told_to_stop = False
        self._find = find
        self._every_s = every_s
        self.start(self._operate())

    async def _operate(self) -> None:
        random = self.kernel.random
        while not self.is_told_to_stop:
            await self.loop.rest(random.expovariate(1 / self._every_s))
            with suppress(BrokerUnavailable, UnknownWorker):
                await self._act(random.choice(self._find()))

    async def _act(self, worker: str) -> None:
        roll, workers = self.kernel.random.random(), self.app.workers
        if roll < 0.3:
            await workers.ls_async()
        elif roll < 0.6:
            await workers.quiet_async(worker)
        elif roll < 0.9:
            await workers.resume_async(worker)
        elif roll < 0.95:
            await workers.recycle_async(worker)
        else:
            await workers.stop_async(worker)


def _nothing() -> None:
    """What a task would run."""
