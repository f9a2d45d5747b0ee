"""A world: fleet, server, network, producers and nemesis, from a seed to a verdict."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest import mock

from redisched.client import end_listener
from redisched.engine import attempt, executor, prefetch_releaser
from tests.simulation.audit import Audit
from tests.simulation.caller import Caller, Telling
from tests.simulation.circumstances import Circumstances
from tests.simulation.deploys import MACHINES, DeployReferee
from tests.simulation.firing_processes import LIVE, TidyScheduleOperator
from tests.simulation.history import History
from tests.simulation.kernel import Kernel
from tests.simulation.lane import MachineClock
from tests.simulation.nemesis import Nemesis
from tests.simulation.network import Network
from tests.simulation.operators import Operator
from tests.simulation.plan import MOST_DRIFT, Fault, Plan, draw_plan
from tests.simulation.process import Process
from tests.simulation.process_slot import ProcessSlot
from tests.simulation.queue_life import QueueOperator
from tests.simulation.referee import Referee
from tests.simulation.server import Server
from tests.simulation.shadow import Place, Shadow
from tests.simulation.threads import SimulatedThreads
from tests.simulation.worker_process import WorkerHooks, WorkerProcess
from tests.simulation.workload import Handlers, Producer

STEPS = 2_000
LOOK_EVERY = 50
TRACE_LINES = 60
TRACE_CHARACTERS = 160
CHECK_WINDOW_EVERY_S = 0.25
"""The time between two checks of a worker's window. With fifty a second the checks would be most of the steps."""
BETWEEN_ACTS_S = 0.5
"""The mean time between two calls about schedules."""
MOST_SCHEDULES = 4
SELDOM = 5
"""With schedules, tasks are enqueued so many times more seldom: so more time passes."""
NOT_WITH_SCHEDULES = frozenset({Fault.FAIL_OVER, Fault.CLOCK})
"""A failover may lose a slot together with its task, and a clock that is set back brings slots back."""
LONGEST_DRAIN_S = 1_000.0
"""A world that has not drained by then counts as stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a world."""

    seed: int
    faulty_steps: int
    """How many of `steps` had faults."""
    steps: int
    calls: int
    executions: int
    lasted_s: float
    trace: list[str]
    fouls: list[str]
    keys: int
    lines: int
    queue_life: bool
    schedules: bool
    deploys: bool

    def say(self) -> str:
        """The fouls, the events before them, and the command that repeats the world."""
        tail = "\n".join(line[:TRACE_CHARACTERS] for line in self.trace[-TRACE_LINES:])
        keys = f" REDISCHED_KEYS={self.keys}" if self.keys else ""
        lines = f" REDISCHED_LINES={self.lines}" if self.lines else ""
        life = " REDISCHED_QUEUE_LIFE=1" if self.queue_life else ""
        life += " REDISCHED_SCHEDULES=1" if self.schedules else ""
        life += " REDISCHED_DEPLOYS=1" if self.deploys else ""
        world = f"REDISCHED_SEED={self.seed} REDISCHED_STEPS={self.faulty_steps}{keys}{lines}{life}"
        again = f"{world} pytest -m fault tests/simulation -k one_seed_again -n 0"
        return f"{tail}\n{self.fouls[0]}\n\nAgain: {again}"


class World:
    """One world with all its parts."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.kernel = Kernel(plan.seed)
        self.server = Server(self.kernel, keeps_replica=Fault.FAIL_OVER in plan.faults)
        self.network = Network(self.kernel, self.server)
        self.network.change(plan.fair)
        self.history = History(lambda: self.kernel.now_us)
        self.referee = Referee()
        self.circumstances = Circumstances(self.server, plan)
        self.audit = Audit(plan, self.server, self.referee, self.history, self.circumstances)
        self.network.on_mishap = self.circumstances.mishap
        self.server.watchers += [self.referee, self.audit]
        hooks = WorkerHooks(furnish=self._furnish, on_end=self.audit.check_stop)
        self.process_slots = [
            ProcessSlot(f"w{number}", self.network, self._clock(), plan, hooks) for number in range(plan.machines)
        ]
        self.producers = [
            Producer(f"p{number}", self.network, self._clock(), plan, self.history) for number in range(plan.producers)
        ]
        self.operator = Operator("o", self.network, self._clock(), plan, self.history, self._dead)
        self.telling = Telling(self.server, self.referee, self.circumstances, self.audit.expect)
        self.server.watchers.append(self.telling)
        self.caller = Caller(self.network, self._clock(), plan, self.history, self.telling)
        self.others: list[Process] = (
            [QueueOperator("u", self.network, self._clock(), plan, self.history, self._saved)]
            if plan.queue_life
            else []
        )
        self.schedule_operators: list[TidyScheduleOperator] = []
        if plan.schedules:
            self.server.on_read = self.referee.queue_life.schedules.read
            operator = TidyScheduleOperator(
                "s", self.network, self._clock(), plan, LIVE[:MOST_SCHEDULES], BETWEEN_ACTS_S
            )
            self.schedule_operators.append(operator)
            self.others.append(operator)
        self.nemesis = Nemesis(
            plan, self.server, self.network, self.process_slots, self.history.note, self.circumstances.clock_was_set
        )
        self.server.watchers.append(self.nemesis)
        if plan.deploys:
            self.server.watchers.append(DeployReferee())

    def run(self) -> None:
        """Run the world until the queue has drained. Raises Foul, or AssertionError when the world is stuck."""
        for process_slot in self.process_slots:
            process_slot.switch_on()
        self.kernel.run(lambda: self.kernel.steps >= self.plan.steps or bool(self.audit.fouls))
        self.nemesis.rest()
        for operator in self.schedule_operators:
            operator.is_told_to_stop = True
        self.history.note("rests")
        deadline_us = self.kernel.now_us + LONGEST_DRAIN_S * 1e6
        self.kernel.run(lambda: self._has_drained() or bool(self.audit.fouls) or self.kernel.now_us > deadline_us)
        self.audit.expect(self.kernel.now_us <= deadline_us, "every task ends, in time", self._left())
        defects = [defect for process in self._processes() for defect in process.defects()]
        self.audit.check_end(defects)

    def dispose(self) -> None:
        """Close all unfinished coroutines."""
        for process in self._processes():
            process.dispose()
        self.server.miniature.close()

    def report(self) -> Report:
        """The result so far."""
        return Report(
            seed=self.plan.seed,
            faulty_steps=self.plan.steps,
            steps=self.kernel.steps,
            calls=len(self.referee.log) + len(self.referee.lost),
            executions=len(self.history.executions),
            lasted_s=self.kernel.now_us / 1e6,
            trace=self.history.trace,
            fouls=self.audit.fouls,
            keys=self.plan.keys,
            lines=self.plan.lines,
            queue_life=self.plan.queue_life,
            schedules=self.plan.schedules,
            deploys=self.plan.deploys,
        )

    def _left(self) -> list[Shadow]:
        return [task for task in self.referee.tasks.values() if not task.is_over]

    def _dead(self) -> list[str]:
        return [
            task.id.decode() for task in self.referee.tasks.values() if task.place is Place.DEAD and b"@" not in task.id
        ]

    def _saved(self) -> list[str]:
        return [
            task.id.decode()
            for task in self.referee.tasks.values()
            if task.saved and (task.is_waiting or task.place is Place.DEAD) and b"@" not in task.id
        ]

    def _processes(self) -> list[Process]:
        of_seats = [
            process
            for process_slot in self.process_slots
            for process in (*process_slot.workers, *process_slot.supervisors)
        ]
        return [*of_seats, *self.producers, self.operator, self.caller, *self.others]

    def _clock(self) -> MachineClock:
        began_s = self.kernel.between(0, 1e6)
        return MachineClock(self.kernel, began_s, 1.0 + self.kernel.between(-MOST_DRIFT, MOST_DRIFT))

    def _furnish(self, process: WorkerProcess) -> None:
        self.circumstances.begins(process)
        Handlers(process, self.history, self.audit, self.plan)

    def _has_drained(self) -> bool:
        """Checked only now and then, as the check takes longer than a step."""
        if self.kernel.steps % LOOK_EVERY or any(
            process.is_alive for process in (*self.producers, self.operator, self.caller, *self.others)
        ):
            return False
        holding = any(
            process_slot.is_on and process_slot.worker.is_alive and process_slot.worker.holds()
            for process_slot in self.process_slots
        )
        return not holding and not self._left() and not self.server.remembers_claims()


def run_world(
    seed: int,
    steps: int = STEPS,
    keys: int = 0,
    lines: int = 0,
    *,
    queue_life: bool = False,
    schedules: bool = False,
    deploys: bool = False,
) -> Report:
    """Run the world of a seed, in which tasks share so many unique keys, handlers log so many lines, and somebody
    pauses and resumes the queue and deletes tasks, or changes schedules, or there are two deploys. Broken promises are
    in the fouls of the report.
    """
    plan = draw_plan(seed, steps)
    if deploys:
        waits_for_ever = replace(plan.worker_settings, unroutable_limit=None)
        plan = replace(plan, machines=max(MACHINES, plan.machines), worker_settings=waits_for_ever)
    between_s = plan.between_tasks_s * (SELDOM if schedules else 1)
    faults = tuple(fault for fault in plan.faults if not schedules or fault not in NOT_WITH_SCHEDULES)
    world = World(
        replace(
            plan,
            keys=keys,
            lines=lines,
            queue_life=queue_life,
            schedules=schedules,
            deploys=deploys,
            faults=faults,
            between_tasks_s=between_s,
        )
    )
    with surroundings():
        try:
            world.run()
        except AssertionError as foul:
            world.audit.fouls.append(str(foul))
        finally:
            world.dispose()
    return world.report()


@contextmanager
def surroundings() -> Iterator[None]:
    """What replaces threads and the log for a worker in a simulation."""
    with (
        mock.patch.object(executor, "Threads", SimulatedThreads),
        mock.patch.object(prefetch_releaser, "CHECK_EVERY_S", CHECK_WINDOW_EVERY_S),
        mock.patch.object(attempt, "is_given", _is_given),
        mock.patch.object(end_listener, "token_hex", return_value="of-the-caller"),
    ):
        logging.disable()
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def _is_given(id: str) -> bool:
    """Ids are chosen to be readable in a trace; every other one counts as given by redisched."""
    return id[-1].isdigit() and int(id[-1]) % 2 == 0
