"""Worlds of schedules: workers that fire slots are killed and stopped between any two of their calls, code is rolled
out and back, operators change what they like, and of every slot there is one task, which starts once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial

import pytest

from tests.simulation.ambush import Blow
from tests.simulation.bugs_of_schedules import BUGS_OF_SCHEDULES, MUTANTS, OLDER_DECLARES
from tests.simulation.firing_world import FiringPlan, FiringWorld
from tests.simulation.many_worlds import FIRST, check_caught_in, ended
from tests.simulation.schedule_shadow import slot_of
from tests.simulation.server import BEGAN_US
from tests.simulation.tally import SIMULATED_STEPS

pytestmark = pytest.mark.fault

CALLS = ("fire", "read/due_schedules", "read/next_slots", "announce", "read/schedules")
DECLARED_WITHIN_MS = 60_000
WORLDS = 2
SLOTS = 1_500
NIGHTLY_WORLDS = 60
WORLDS_FOR_A_BUG = 20
KNOWN_SEEDS = {
    "fire does not know the tasks that there were": 5,
    "fire does not compare the version": 0,
    "a worker of an earlier epoch changes schedules": 3,
}
"""From which seed on a bug is looked for; 0 if it is not here."""


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    ("slots", "more"), [(10_000, 60), pytest.param(100_000, 100, marks=pytest.mark.nightly)], ids=["few", "many"]
)
def test_t32_five_workers_that_are_killed_between_any_two_calls_start_every_slot_once(
    slots: int, more: int, record_property: Callable[[str, object], None]
) -> None:
    plan = FiringPlan(seed=FIRST, slots=slots, more=more, odds=0.15, operators=0, outages=False, deploys=False)
    world = ended(FiringWorld(plan))
    record_property(SIMULATED_STEPS, world.kernel.steps)

    started: defaultdict[str, list[int]] = defaultdict(list)
    for id in world.referee.starts:
        started[id.decode().partition("@")[0]].append(slot_of(id))
    assert len(world.referee.starts) >= slots
    assert len(started) == len(world.life.schedules)
    for name, schedule in world.life.schedules.items():
        come = sorted(started[name.decode()])
        if name != b"shop-alone":
            assert come == list(range(come[0], come[-1] + 1, schedule.interval_ms)), (name, plan)
            assert schedule.slot_ms > world.server.now_us() // 1000
    # The first workers do not live for long enough to declare all of them at once.
    late = [id for id in world.life.late if slot_of(id) > BEGAN_US // 1_000 + DECLARED_WITHIN_MS]
    assert len(late) < slots / 100, late
    for call in CALLS:
        assert {blow for blow in Blow if world.ambush.blows[call, blow]} == set(Blow), (call, world.ambush.blows)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    ("first", "worlds"), [(FIRST, WORLDS), pytest.param(FIRST + WORLDS, NIGHTLY_WORLDS, marks=pytest.mark.nightly)]
)
def test_t32_outages_deploys_and_a_storm_of_changes_break_no_promise_from_seed(
    first: int, worlds: int, record_property: Callable[[str, object], None]
) -> None:
    answers: Counter[bytes] = Counter()
    for seed in range(first, first + worlds):
        world = ended(FiringWorld(FiringPlan(seed=seed, slots=SLOTS)))
        record_property(SIMULATED_STEPS, world.kernel.steps)
        answers += world.life.answers

    assert answers.keys() >= {b"FIRED", b"MOVED", b"SKIPPED", b"PASSED"}


def test_a_world_of_schedules_is_the_same_whenever_it_is_run() -> None:
    first, second = (ended(FiringWorld(FiringPlan(seed=7, slots=200))) for _ in range(2))

    assert list(first.referee.starts) == list(second.referee.starts)
    assert (first.kernel.steps, first.life.answers) == (second.kernel.steps, second.life.answers)


def test_the_passage_that_an_older_deploy_does_without_is_in_its_script() -> None:
    assert MUTANTS[OLDER_DECLARES].count_in_script() == 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS_OF_SCHEDULES)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS_OF_SCHEDULES[name]
    first = KNOWN_SEEDS.get(name, 0)
    seeds = range(first, first + WORLDS_FOR_A_BUG)
    check_caught_in(bug, monkeypatch, (partial(FiringWorld, FiringPlan(seed=seed, slots=SLOTS)) for seed in seeds))
