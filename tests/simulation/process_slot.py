"""A simulated machine: it runs one worker process, and a supervisor that replaces it when it dies.

The supervisor takes the tasks of dead processes back with redisched's own recovery; only how processes begin
and end is simulated.
"""

from redisched.engine.recovery import Recovery
from redisched.engine.worker_context import served_queues
from redisched.store.operation import run_async
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import Plan
from tests.simulation.process import Process
from tests.simulation.worker_process import WorkerHooks, WorkerProcess

NOTICED_US = (1_000, 50_000)
"""A supervisor learns of a death within these times."""
RECOVERY_EVERY_S = 0.5


class Supervisor(Process):
    """A process that takes back the tasks of dead processes."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan) -> None:
        super().__init__(name, network, clock, plan)
        queues = served_queues(plan.worker_settings, self.app.registry)
        self.recovery = Recovery(self.app.broker.script_runner, queues, plan.worker_settings.crash_limit, clock)
        self.start(self._run())

    async def _run(self) -> None:
        client = self.app.broker.open_async_client(self.app.broker.timeout_s, "test")
        while True:
            await run_async(self.recovery.step(), client)
            await self.loop.rest(RECOVERY_EVERY_S)


class ProcessSlot:
    """One machine. `workers` are all its worker processes so far; the last one is the present one, if it lives."""

    def __init__(self, name: str, network: Network, clock: MachineClock, plan: Plan, hooks: WorkerHooks) -> None:
        self._name = name
        self._network = network
        self._kernel = network.kernel
        self._clock = clock
        self._plan = plan
        self._hooks = hooks
        self.is_on = False
        self.workers: list[WorkerProcess] = []
        self.supervisors: list[Supervisor] = []

    @property
    def worker(self) -> WorkerProcess:
        """The present or the last worker process."""
        return self.workers[-1]

    def switch_on(self) -> None:
        """Start the machine."""
        self.is_on = True
        name = f"{self._name}.supervisor{len(self.supervisors)}"
        self.supervisors.append(Supervisor(name, self._network, self._clock, self._plan))
        self._spawn(self.supervisors[-1])

    def lose_power(self, seconds: float) -> None:
        """Lose the machine with all its processes; it starts again later."""
        self.is_on = False
        self.supervisors[-1].vanish()
        if self.worker.is_alive:
            self.worker.vanish()
        self._kernel.after(seconds * 1e6, self.switch_on)

    def dispose(self) -> None:
        """Close unfinished coroutines after the end of the world."""
        for process in (*self.workers, *self.supervisors):
            process.dispose()

    def _spawn(self, supervisor: Supervisor) -> None:
        if supervisor.is_alive:
            name = f"{self._name}.{len(self.workers)}"
            worker = WorkerProcess(name, self._network, self._clock, self._plan, self._hooks)
            worker.on_end = lambda: self._is_over(worker, supervisor)
            self.workers.append(worker)

    def _is_over(self, worker: WorkerProcess, supervisor: Supervisor) -> None:
        self._hooks.on_end(worker)
        self._kernel.after(self._kernel.between(*NOTICED_US), self._bury, worker, supervisor)

    def _bury(self, worker: WorkerProcess, supervisor: Supervisor) -> None:
        if not supervisor.is_alive:
            return
        if not worker.ended_by_itself:
            supervisor.recovery.died(worker.name, worker.started.read())
        self._kernel.after(self._kernel.between(1e4, 5e5), self._spawn, supervisor)
