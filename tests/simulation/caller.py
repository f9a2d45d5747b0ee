"""A process that waits for results, and the check that it is told of every end as soon as messages can reach it."""

from collections.abc import Callable

from redisched.errors import BrokerUnavailable, TaskError
from tests.simulation.circumstances import Circumstances
from tests.simulation.history import History, Sent
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import QUEUE, Plan
from tests.simulation.process import Process
from tests.simulation.referee import Referee
from tests.simulation.server import Call, Server
from tests.simulation.shadow import ENDED

NAME = "c"
LATEST = 10
"""So many of the latest tasks are candidates for a wait."""
WAITS_S = 20.0
TOLD_WITHIN_US = 2_000_000
"""A caller that is told has looked by then. One that is not looks by itself, mostly much later."""


class Telling:
    """Watches the server for the end of the task that the caller waits for. `expect` records fouls."""

    def __init__(
        self, server: Server, referee: Referee, circumstances: Circumstances, expect: Callable[..., None]
    ) -> None:
        self._server = server
        self._referee = referee
        self._circumstances = circumstances
        self._expect = expect
        self._id = b""
        self._is_watched = False
        self._told_us = -1
        self.told = 0
        """How often the end came while the caller could be told."""

    def begins(self, id: str) -> None:
        """The caller begins to wait for a task."""
        self._id, self._is_watched, self._told_us = id.encode(), False, -1

    def ends(self) -> None:
        """The caller waits no more."""
        late_us = self._server.at_us() - self._told_us
        if self._told_us >= 0 and self._circumstances.is_undisturbed(NAME, self._told_us):
            self.told += 1
            self._expect(late_us <= TOLD_WITHIN_US, "who waits for a task is told of its end", self._id, late_us)
        self._id = b""

    def observe(self, call: Call) -> None:
        """Note when the caller is watching, and when the task ends."""
        task = self._referee.tasks.get(self._id)
        if task is None:
            return
        if task.place not in ENDED:
            self._told_us = -1
            self._is_watched = self._is_watched or (call.script == "watch" and call.caller == NAME)
        elif self._is_watched:
            self._is_watched = False
            if any(pipe.caller == NAME and not pipe.is_silent for pipe in self._server.subscribers):
                self._told_us = call.at_us

    def undo(self, kept: int) -> None:
        """What a failover undid may include that the caller is watching."""
        self._is_watched, self._told_us = False, -1


class Caller(Process):
    """Waits for one task after the other while a world has faults."""

    def __init__(self, network: Network, clock: MachineClock, plan: Plan, history: History, telling: Telling) -> None:
        super().__init__(NAME, network, clock, plan)
        self._plan = plan
        self._history = history
        self._telling = telling
        self.start(self._call())

    async def _call(self) -> None:
        random = self.kernel.random
        while self.kernel.steps < self._plan.steps:
            await self.loop.rest(random.expovariate(1 / self._plan.between_tasks_s))
            latest = [id for id, sent in self._history.enqueued.items() if sent is Sent.OK][-LATEST:]
            if latest:
                await self._wait(random.choice(latest))

    async def _wait(self, id: str) -> None:
        self._telling.begins(id)
        outcome: object
        try:
            outcome = await self.app.ref(id, QUEUE).result_async(WAITS_S)
        except (BrokerUnavailable, TaskError) as error:
            outcome = type(error).__name__
        self._history.note(self.name, "waited for", id, outcome)
        self._telling.ends()
