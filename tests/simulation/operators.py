"""A process from which tasks are steered: given another priority or time, and replayed or discarded once dead."""

from collections.abc import Callable
from contextlib import suppress

from redisched.client.reference import TaskRef
from redisched.errors import BrokerUnavailable, Undecodable, UnknownTask
from tests.simulation.history import Behaviour, History
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import QUEUE, Plan
from tests.simulation.process import Process

BETWEEN_CALLS_S = 0.5
LATEST = 40
"""So many of the latest tasks are candidates."""
OTHER_LASTS_MS = 5
"""How long a task takes once it was replayed with other arguments."""


class Operator(Process):
    """Steers tasks while a world has faults. `find_dead` answers the ids of tasks that are dead, which are few."""

    def __init__(
        self,
        name: str,
        network: Network,
        clock: MachineClock,
        plan: Plan,
        history: History,
        find_dead: Callable[[], list[str]],
    ) -> None:
        super().__init__(name, network, clock, plan)
        self._plan = plan
        self._history = history
        self._find_dead = find_dead
        self.start(self._steer())

    async def _steer(self) -> None:
        random = self.kernel.random
        while self.kernel.steps < self._plan.steps:
            await self.loop.rest(random.expovariate(1 / BETWEEN_CALLS_S))
            latest, dead = list(self._history.enqueued)[-LATEST:], self._find_dead()
            act = self._end_death if dead and random.random() < 0.5 else self._change
            if latest:
                ref = self.app.ref(random.choice(dead if act == self._end_death else latest), QUEUE)
                with suppress(BrokerUnavailable, Undecodable, UnknownTask):
                    self._history.note(self.name, "steers", ref.id, await act(ref))

    async def _change(self, ref: TaskRef[object]) -> object:
        random = self.kernel.random
        match random.randrange(3):
            case 0:
                return await ref.reprioritize_async(random.choice((0, 5, 9)))
            case 1:
                return await ref.reschedule_async(delay=random.choice((0.1, 1.0, 3.0)))
            case _:
                return await ref.run_now_async()

    async def _end_death(self, ref: TaskRef[object]) -> object:
        match self.kernel.random.randrange(3):
            case 0:
                return await ref.discard_async()
            case 1:
                return await ref.replay_async()
            case _:
                return await ref.replay_with_async(OTHER_LASTS_MS, 0, 0, Behaviour.CALM.value)
