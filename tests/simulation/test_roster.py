"""Worlds of the roster: workers are killed and stopped between any two of their calls, and told what to do. Who lives
is present, each order is carried out once, and what was done is counted once.
"""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from tests.simulation.ambush import Blow
from tests.simulation.bugs_of_roster import BUGS_OF_ROSTER, ROSTER_MUTANTS
from tests.simulation.many_worlds import FIRST, check_caught_in, ended
from tests.simulation.roster_world import RosterPlan, RosterWorld
from tests.simulation.tally import SIMULATED_STEPS

pytestmark = pytest.mark.fault

WORLDS = 4
NIGHTLY_WORLDS = 300
WORLDS_FOR_A_BUG = 20
KNOWN_SEEDS = {"an order is carried out again after a later one": 18}
"""From which seed on a bug is looked for; 0 if it is not here."""
CALLS = ("introduce", "tally")
"""Between which calls blows come in a few worlds, too; before and after the others in many."""


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    ("first", "worlds"), [(FIRST, WORLDS), pytest.param(FIRST + WORLDS, NIGHTLY_WORLDS, marks=pytest.mark.nightly)]
)
def test_who_lives_is_present_and_what_was_done_and_told_is_counted_and_carried_out_once_from_seed(
    first: int, worlds: int, record_property: Callable[[str, object], None]
) -> None:
    answers: Counter[str] = Counter()
    blows: Counter[tuple[str, Blow]] = Counter()
    for seed in range(first, first + worlds):
        world = ended(RosterWorld(RosterPlan(seed=seed)))
        record_property(SIMULATED_STEPS, world.kernel.steps)
        answers += world.referee.answers
        blows += world.ambush.blows
        assert sum(worker.is_counted for worker in world.workers.values()) > len(world.workers) / 2
        assert sum(world.referee.carried_out.values()) > len(world.referee.orders) / 2

    known = {"introduce INTRODUCED", "introduce UNKNOWN", "depart DEPARTED", "order ORDERED", "order UNKNOWN"}
    assert answers.keys() >= known | {"tally TALLIED", "tally ALREADY"}
    for call in CALLS:
        assert {blow for blow in Blow if blows[call, blow]} == set(Blow), (call, blows)


def test_a_world_of_the_roster_is_the_same_whenever_it_is_run() -> None:
    first, second = (ended(RosterWorld(RosterPlan(seed=7, lasts_s=60.0))) for _ in range(2))

    assert first.referee.answers == second.referee.answers
    assert (first.kernel.steps, first.referee.counted) == (second.kernel.steps, second.referee.counted)


@pytest.mark.parametrize("name", ROSTER_MUTANTS)
def test_the_passage_that_a_bug_of_the_roster_replaces_is_in_its_script(name: str) -> None:
    assert ROSTER_MUTANTS[name].count_in_script() == 1


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS_OF_ROSTER)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS_OF_ROSTER[name]
    first = KNOWN_SEEDS.get(name, 0)
    seeds = range(first, first + WORLDS_FOR_A_BUG)
    check_caught_in(bug, monkeypatch, (partial(RosterWorld, RosterPlan(seed=seed)) for seed in seeds))
