"""A world of schedules alone: workers that declare and fire, killed and stopped between any two calls, and operators.

It runs the same scripts and services as a worker. Without the rest of one, tens of thousands of slots take seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from redisched.config import Settings
from redisched.model import BAND
from tests.simulation.ambush import Ambush
from tests.simulation.calls import check, rows_of
from tests.simulation.firing_processes import LIVE, Deploy, Fields, FiringProcess, ScheduleOperator, SlotTaker
from tests.simulation.kernel import Kernel
from tests.simulation.lane import MachineClock
from tests.simulation.network import Network
from tests.simulation.plan import MOST_DRIFT, draw_plan
from tests.simulation.process import Process
from tests.simulation.schedule_life import NO_GAP, OWN, ScheduleLife
from tests.simulation.server import Call, Server
from tests.simulation.shadow import Place, Shadow
from tests.simulation.weather import Weather
from tests.simulation.world import surroundings

FIRERS = 5
TAKER = "taker"
CALM_S = 45.0
"""So long nothing breaks at the end. By then an earlier deploy that is gone counts no more, and all tasks have run."""
ROLL_OUT_EVERY_S = 15.0
LONGEST_S = 100_000.0


def fields(every: int, misfire: str = "latest", overlap: str = "allow", jitter: float = 0.001) -> Fields:
    return {"every": every, "misfire": misfire, "overlap": overlap, "jitter": jitter}


LASTING = {
    **{f"shop-{misfire}{number}": fields(1, misfire) for misfire in ("skip", "latest", "all") for number in "12"},
    "shop-alone": fields(1, overlap="skip"),
    "shop-jitter": fields(2, jitter=1.5),
}
OTHER = Deploy("billing", {f"bill{most}": fields(1, f"all(max={most})") for most in (1, 7, 40)})
EVERY_NAME = (*LIVE, *LASTING, *OTHER.schedules)


def shop(version: int, more: int) -> Deploy:
    """A version of the shop: it has a schedule that only some versions have, one that each of them changes, and so many
    that stay as they are.
    """
    changing = {"shop-args": fields(1 + version % 3), f"shop-only{version % 4}": fields(1)}
    return Deploy("shop", {**LASTING, **changing, **{f"shop-more{number}": fields(1) for number in range(more)}})


WEATHER = Weather(request_cut=0.01, reply_cut=0.02, strays=0.01, comes_twice=0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringPlan:
    """What befalls a world until the tasks of so many slots have started. There are `more` schedules than usual, or
    those of `deploy` alone. `outages` says whether now and then every worker is stopped for longer than slots may be
    late, `deploys` whether new code is rolled out and back.
    """

    seed: int
    slots: int
    more: int = 0
    deploy: Deploy | None = None
    claims_every_s: float = 0.25
    odds: float = 0.08
    longest_stop_s: float = 10.0
    operators: int = 2
    between_acts_s: float = 1.0
    outages: bool = True
    deploys: bool = True
    weather: Weather = WEATHER


class FiringReferee:
    """Checks every answer. `starts` are the tasks that were started, in their order."""

    def __init__(self) -> None:
        self.tasks: dict[bytes, Shadow] = {}
        self.starts: dict[bytes, None] = {}
        self.calls = 0
        self.life = ScheduleLife(lambda: self.tasks)
        self._checks: dict[str, Callable[[Call], None]] = {
            **self.life.checks,
            "claim": self._claim,
            "ack": self._ack,
            "enqueue": self._enqueue,
        }

    def observe(self, call: Call) -> None:
        """Check an answer. Raises Foul."""
        self.calls += 1
        self._checks[call.script](call)

    def undo(self, kept: int) -> None:
        """No replica takes over in this world."""

    def _claim(self, call: Call) -> None:
        for id in call.reply[4::4] if call.reply[0] == b"CLAIMED" else []:
            task = self.tasks.get(id)
            check(task is not None and task.is_waiting, "I10: what was withdrawn does not start", call, id, task)
            check(id not in self.starts, "I10: a slot starts once", call, id)
            self.starts[id] = None
            self.tasks[id].place = Place.LEASED

    def _ack(self, call: Call) -> None:
        for (id, *_), _ in rows_of(call.arguments, 4, call.reply):
            self.tasks[id].place = Place.SUCCEEDED

    def _enqueue(self, call: Call) -> None:
        """Somebody runs a schedule at once."""
        for (id, priority, when, record, _), status in rows_of(call.arguments[1:], 5, call.reply):
            if status == b"CREATED":
                self.tasks[id] = Shadow(id, record, int(priority) * BAND + int(when[1:]))


class FiringWorld:
    """One world with all its parts."""

    def __init__(self, plan: FiringPlan) -> None:
        self.plan = plan
        self.kernel = Kernel(plan.seed)
        self.server = Server(self.kernel, keeps_replica=False)
        self.referee = FiringReferee()
        self.server.watchers.append(self.referee)
        self.server.on_read = self.referee.life.read
        self.processes: dict[str, Process] = {}
        self.ambush = Ambush(self.kernel, self.server, self._victim, odds=plan.odds, longest_stop_s=plan.longest_stop_s)
        self.network = Network(self.kernel, self.ambush)
        self.network.change(plan.weather)
        self._plan = replace(draw_plan(plan.seed, 0), try_s=1.0, settings=Settings(timeout_s=3.0))
        self._firers: dict[int, FiringProcess] = {}
        self._operators: dict[int, ScheduleOperator] = {}
        self._spawned = 0
        self._is_calm = False
        self._calm_us = 0
        self._outage_until_us = 0
        self._add(SlotTaker(TAKER, Network(self.kernel, self.server), self._clock(), self._plan, plan.claims_every_s))
        for seat in range(FIRERS):
            self._spawn_firer(seat)
        for seat in range(plan.operators):
            self._spawn_operator(seat)
        if plan.outages:
            self._wait_for_outage()

    @property
    def life(self) -> ScheduleLife:
        """The schedules, as the referee knows them."""
        return self.referee.life

    def run(self) -> None:
        """Fire as many slots as planned, then let what is left run, and check what there is. Raises Foul."""
        with surroundings():
            try:
                self.kernel.run(self._has_enough)
                self._calm_down()
                until_us = self.kernel.now_us + CALM_S * 1e6
                self.kernel.run(lambda: self.kernel.now_us > until_us and not self._operates())
                self._check_end()
            finally:
                self.dispose()

    def go_on(self, seconds: float) -> None:
        """Let time pass. Raises Foul."""
        until_us = self.kernel.now_us + int(seconds * 1e6)
        with surroundings():
            self.kernel.run(lambda: self.kernel.now_us >= until_us)

    def kill_all(self, seconds: float) -> None:
        """Kill every worker; others start after so long."""
        self._outage_until_us = self.kernel.now_us + int(seconds * 1e6)
        for firer in list(self._firers.values()):
            firer.kill()

    def stop_all(self, seconds: float) -> None:
        """Stop every worker; they go on after so long, one after the other within two seconds."""
        self._outage_until_us = self.kernel.now_us + int(seconds * 1e6)
        for firer in self._firers.values():
            if firer.is_alive:
                firer.pause(seconds + self.kernel.between(0.0, 2.0))

    def dispose(self) -> None:
        """Close unfinished coroutines, and free what the server has."""
        for process in self.processes.values():
            process.dispose()
        self.server.miniature.close()

    def _has_enough(self) -> bool:
        taker_ended = not self.processes[TAKER].is_alive
        return len(self.referee.starts) >= self.plan.slots or taker_ended or self.kernel.now_us > LONGEST_S * 1e6

    def _check_end(self) -> None:
        now_ms = self.server.now_us() // 1000
        call = Call("the end", "", False, self.kernel.now_us, self.server.now_us(), [], [])
        defects = [defect for process in self.processes.values() for defect in process.defects()]
        check(not defects, "nothing fails unseen", call, defects)
        check(not (missing := self.life.missing(now_ms - 1_000)), NO_GAP, call, missing)
        due = [id for id in self.life.fired if self.referee.tasks[id].run_at_ms <= now_ms - 1_000]
        check(not (idle := set(due) - self.referee.starts.keys()), "I10: what was enqueued starts", call, idle)
        for deploy in (shop(self._version(), self.plan.more), OTHER):
            known = self.life.schedules.items()
            own = {name.decode() for name, one in known if one.definition.application == deploy.application}
            missing_own = deploy.schedules.keys() - own - {name.decode() for name, _ in known}
            check(own <= deploy.schedules.keys() and not missing_own, OWN, call, own ^ deploy.schedules.keys())

    def _victim(self, name: str) -> Process | None:
        process = self.processes.get(name)
        return None if isinstance(process, SlotTaker) else process

    def _add(self, process: Process) -> None:
        self.processes[process.name] = process

    def _clock(self) -> MachineClock:
        rate = 1.0 + self.kernel.between(-MOST_DRIFT, MOST_DRIFT)
        return MachineClock(self.kernel, self.kernel.between(0, 1e6), rate)

    def _deploy_of(self, seat: int) -> Deploy:
        if self.plan.deploy is not None:
            return self.plan.deploy
        if seat == 0:
            return OTHER
        is_late = self.plan.deploys and not self._is_calm and self.kernel.chance(0.3)
        return shop(self._version() - is_late, self.plan.more)

    def _version(self) -> int:
        """The version that is rolled out. At the end it is the one before: that is a rollback."""
        if not self.plan.deploys:
            return 1
        until_us = self._calm_us if self._is_calm else self.kernel.now_us
        return 1 + int(until_us / 1e6 / ROLL_OUT_EVERY_S) - self._is_calm

    def _spawn_firer(self, seat: int) -> None:
        self._spawned += 1
        name = f"f{seat}.{self._spawned}"
        firer = FiringProcess(name, self.network, self._clock(), self._plan, self._deploy_of(seat))
        firer.on_end = lambda: self._later(self._spawn_firer, seat)
        self._firers[seat] = firer
        self._add(firer)

    def _spawn_operator(self, seat: int) -> None:
        self._spawned += 1
        operator = ScheduleOperator(
            f"o{seat}.{self._spawned}", self.network, self._clock(), self._plan, EVERY_NAME, self.plan.between_acts_s
        )
        operator.is_told_to_stop = self._is_calm
        operator.on_end = lambda: self._operator_ended(operator, seat)
        self._operators[seat] = operator
        self._add(operator)

    def _operator_ended(self, operator: ScheduleOperator, seat: int) -> None:
        if not operator.ended_by_itself:
            self._later(self._spawn_operator, seat)

    def _later(self, spawn: Callable[[int], None], seat: int) -> None:
        self.kernel.at(max(self.kernel.now_us, self._outage_until_us) + int(self.kernel.between(1e4, 3e6)), spawn, seat)

    def _operates(self) -> bool:
        return any(operator.is_alive for operator in self._operators.values())

    def _wait_for_outage(self) -> None:
        self.kernel.after(self.kernel.between(30e6, 90e6), self._begin_outage)

    def _begin_outage(self) -> None:
        if not self._is_calm:
            self.stop_all(self.kernel.between(25.0, 70.0))
            self._wait_for_outage()

    def _calm_down(self) -> None:
        self._is_calm = True
        self._calm_us = self.kernel.now_us
        self._outage_until_us = 0
        self.ambush.rest()
        self.network.change(Weather())
        for operator in self._operators.values():
            operator.is_told_to_stop = True
        for firer in list(self._firers.values()):
            if firer.is_alive:
                firer.kill()
