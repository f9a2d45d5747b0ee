"""A process that pauses and resumes the queue, and the check that a paused queue gives nothing."""

from collections.abc import Callable
from contextlib import suppress

from redisched.errors import BrokerUnavailable
from redisched.store.pausing import QueuePause
from tests.simulation.calls import check, now_ms_of
from tests.simulation.history import History
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import QUEUE, Plan
from tests.simulation.process import Process
from tests.simulation.server import Call

BETWEEN_PAUSES_S = 2.0
LONGEST_S = 3.0


class Pauses:
    """The referee's part for pauses: whether the queue is paused, by what pause and resume answered."""

    def __init__(self) -> None:
        self.pause: QueuePause | None = None
        self.checks: dict[str, Callable[[Call], None]] = {"pause": self._pause, "resume": self._resume}

    def check_claim(self, call: Call) -> bool:
        """Check a claim that is neither astray nor repeated. Answers whether it was refused."""
        is_paused = self.pause is not None and not self.pause.is_over(now_ms_of(call))
        check((call.reply[0] == b"PAUSED") is is_paused, "G30: a paused queue gives nothing", call, self.pause)
        return is_paused

    def _pause(self, call: Call) -> None:
        self.pause = QueuePause.read(call.arguments[0])
        check(call.reply == [b"PAUSED"], "G30: a queue can always be paused", call)

    def _resume(self, call: Call) -> None:
        expected = b"ALREADY" if self.pause is None else b"RESUMED"
        self.pause = None
        check(call.reply == [expected], "G30: only what is paused is resumed", call, expected)


class Pauser(Process):
    """Pauses and resumes the queue while a world has faults. In the end the queue is not paused."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan, history: History) -> None:
        super().__init__(name, network, clock, plan)
        self._plan = plan
        self._history = history
        self.start(self._pause())

    async def _pause(self) -> None:
        random, queue = self.kernel.random, self.app.queue(QUEUE)
        while self.kernel.steps < self._plan.steps:
            await self.loop.rest(random.expovariate(1 / BETWEEN_PAUSES_S))
            with suppress(BrokerUnavailable):
                pause = await queue.pause_async(random.choice((None, None, 0.05, 1.0)))
                self._history.note(self.name, "pauses", pause.until_ms)
            await self.loop.rest(LONGEST_S * random.random())
            with suppress(BrokerUnavailable):
                await queue.resume_async()
                self._history.note(self.name, "resumes")
        await self._resume_at_last()

    async def _resume_at_last(self) -> None:
        while True:
            with suppress(BrokerUnavailable):
                await self.app.queue(QUEUE).resume_async()
                return
