"""A world of the roster alone: workers that say that they live and what they did, killed and stopped between any two
calls, also for longer than they count as present, and operators who tell them what to do.
"""

from dataclasses import dataclass, replace

from redisched.config import Settings
from redisched.engine.introducer import LIVE_MS
from tests.simulation.ambush import Ambush
from tests.simulation.calls import Foul, check
from tests.simulation.kernel import Kernel
from tests.simulation.lane import MachineClock
from tests.simulation.network import LATEST_US, Network
from tests.simulation.plan import MOST_DRIFT, draw_plan
from tests.simulation.process import Process
from tests.simulation.roster_processes import RosterOperator, RosterProcess
from tests.simulation.roster_referee import CARRIED_OUT, EXACT, GONE, PRESENT, Done, RosterReferee
from tests.simulation.server import Call, Server
from tests.simulation.weather import Weather
from tests.simulation.world import surroundings

SEATS = 4
LOOK_EVERY_US = 1e6
HEARD_WITHIN_US = 10e6
WEATHER = Weather(request_cut=0.01, reply_cut=0.03, vanishes=0.005, strays=0.02, comes_twice=0.03)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterPlan:
    """What befalls a world for so many seconds. Then everybody who lives ends in good order."""

    seed: int
    lasts_s: float = 300.0
    odds: float = 0.008
    longest_stop_s: float = 60.0
    between_acts_s: float = 1.0
    between_stops_s: float = 20.0
    deploy_every_s: float = 60.0
    weather: Weather = WEATHER


class RosterWorld:
    """One world with all its parts."""

    def __init__(self, plan: RosterPlan) -> None:
        self.plan = plan
        self.kernel = Kernel(plan.seed)
        self.server = Server(self.kernel, keeps_replica=False)
        self.referee = RosterReferee(self.server.miniature, self._done_by)
        self.server.watchers.append(self.referee)
        self.server.on_read = self.referee.read
        self.workers: dict[str, RosterProcess] = {}
        self.ended_us: dict[str, int] = {}
        self.ambush = Ambush(self.kernel, self.server, self._find, odds=plan.odds, longest_stop_s=plan.longest_stop_s)
        self.network = Network(self.kernel, self.ambush)
        self.network.change(plan.weather)
        self._plan = replace(draw_plan(plan.seed, 0), try_s=1.0, settings=Settings(timeout_s=3.0))
        self._born_us: dict[str, int] = {}
        self._is_calm = False
        self._foul: Foul | None = None
        self._excused: set[str] = set()
        for seat in range(SEATS):
            self._spawn(seat)
        self._operator = RosterOperator(
            "operator", self.network, self._clock(), self._plan, self._names, plan.between_acts_s
        )
        self.kernel.after(LOOK_EVERY_US, self._look)
        self._wait_to_stop_one()

    def run(self) -> None:
        """Let everything happen, then end all, and check what there is. Raises Foul."""
        with surroundings():
            try:
                self._go_on(self.plan.lasts_s)
                self._calm_down()
                # Whoever was stopped goes on meanwhile.
                self._go_on(self.plan.longest_stop_s + LIVE_MS / 1e3)
                living = self._living()
                for worker in living:
                    worker.stop()
                self._go_on(LIVE_MS / 1e3)
                self._check_end(living)
            finally:
                self.dispose()

    def dispose(self) -> None:
        """Close unfinished coroutines, and free what the server has."""
        for process in self._processes():
            process.dispose()
        self.server.miniature.close()

    def _go_on(self, seconds: float) -> None:
        until_us = self.kernel.now_us + int(seconds * 1e6)
        self.kernel.run(lambda: self.kernel.now_us >= until_us or self._foul is not None)
        if self._foul is not None:
            raise self._foul

    def _check_end(self, living: list[RosterProcess]) -> None:
        call = self._moment("the end")
        defects = [defect for process in self._processes() for defect in process.defects()]
        check(not defects, "nothing fails unseen", call, defects)
        check(not self._living(), "a process that is told to end does", call)
        check(all(worker.is_counted for worker in living), EXACT, call, living)
        for worker in self.workers.values():
            if worker.is_counted:
                self.referee.check_exact(worker.name, call)
        self.referee.check_spans(call)

    def _look(self) -> None:
        """Check what must hold of every process at every moment."""
        call, now_us = self._moment("a look"), self.kernel.now_us
        present = self.referee.present(self.server.now_us() // 1_000)
        for name, worker in self.workers.items():
            if self._is_well_since(worker, now_us - 1_000 * LIVE_MS) and now_us - self._born_us[name] > 1_000 * LIVE_MS:
                check(name in present, PRESENT, call, name)
            if not worker.is_alive and now_us - self.ended_us[name] > 1_000 * LIVE_MS + LATEST_US:
                check(name not in present, GONE, call, name)
        for told, order in self.referee.due_orders(int((self.server.now_us() - HEARD_WITHIN_US) / 1_000)):
            worker = self.workers[order.worker]
            is_well = self._is_well_since(worker, now_us - int(HEARD_WITHIN_US + LOOK_EVERY_US))
            # One that was stopped or cut off within these ten seconds may hear it later, or never.
            check(not is_well or told in self._excused, CARRIED_OUT, call, told, order)
            self._excused.add(told)
        self.kernel.after(LOOK_EVERY_US, self._look)

    def _is_well_since(self, worker: RosterProcess, since_us: int) -> bool:
        return worker.is_alive and not worker.is_leaving and worker.disturbed_us() < since_us

    def _moment(self, what: str) -> Call:
        return Call(what, "", False, self.kernel.now_us, self.server.now_us(), [], [])

    def _done_by(self, name: str) -> Done:
        return self.workers[name].done

    def _find(self, name: str) -> Process | None:
        return self.workers.get(name)

    def _names(self) -> list[str]:
        return list(self.workers)[-2 * SEATS :]

    def _processes(self) -> list[Process]:
        return [*self.workers.values(), self._operator]

    def _living(self) -> list[RosterProcess]:
        return [worker for worker in self.workers.values() if worker.is_alive]

    def _clock(self) -> MachineClock:
        rate = 1.0 + self.kernel.between(-MOST_DRIFT, MOST_DRIFT)
        return MachineClock(self.kernel, self.kernel.between(0, 1e6), rate)

    def _spawn(self, seat: int) -> None:
        if self._is_calm:
            return
        name = f"w{seat}.{len(self.workers)}"
        version = int(self.kernel.now_us / 1e6 / self.plan.deploy_every_s)
        handlers = ("tick", f"new{version}", f"of-seat{seat % 2}")
        worker = RosterProcess(name, self.network, self._clock(), self._plan, handlers, self._carried_out)
        self._born_us[name] = self.kernel.now_us
        self.workers[name] = worker
        worker.on_end = lambda: self._ended(name, seat)

    def _ended(self, name: str, seat: int) -> None:
        self.ended_us[name] = self.kernel.now_us
        self.kernel.after(self.kernel.between(1e4, 3e6), self._spawn, seat)

    def _carried_out(self, worker: str, told: str) -> None:
        try:
            self.referee.carry_out(worker, told, self._moment("an order"))
        except Foul as foul:
            self._foul = foul

    def _wait_to_stop_one(self) -> None:
        self.kernel.after(self.kernel.between(0.0, 2e6 * self.plan.between_stops_s), self._stop_one)

    def _stop_one(self) -> None:
        if not self._is_calm:
            if living := self._living():
                self.kernel.random.choice(living).stop()
            self._wait_to_stop_one()

    def _calm_down(self) -> None:
        self._is_calm = True
        self.ambush.rest()
        self.network.change(Weather())
        self._operator.is_told_to_stop = True
