"""Worlds in which the queue is paused and resumed: no claim leases a task meanwhile, and every task ends afterwards."""

from collections.abc import Callable

import pytest

from tests.chaos.pause_machine import PAUSE_MUTANTS
from tests.simulation.bug import in_script
from tests.simulation.tally import SIMULATED_STEPS
from tests.simulation.test_bugs import worlds_for
from tests.simulation.test_seeds import FIRST, NIGHTLY_SEEDS, STEPS_OF_EACH
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

BATCH = 20
SEEDS = [
    FIRST,
    *(pytest.param(first, marks=pytest.mark.nightly) for first in range(FIRST + BATCH, FIRST + NIGHTLY_SEEDS, BATCH)),
]
WORLDS = 100
BUGS = (
    "a claim does not look at the flag",
    "a claim that has tasks forgets the flag",
    "a pause does not end by itself",
    "resume leaves the flag",
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_a_paused_queue_gives_nothing_from_seed(first: int, record_property: Callable[[str, object], None]) -> None:
    for seed in range(first, first + BATCH):
        report = run_world(seed, STEPS_OF_EACH, pauses=True)
        record_property(SIMULATED_STEPS, report.steps)

        assert not report.fouls, report.say()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = in_script(PAUSE_MUTANTS[name], "G30")
    bug.plant(monkeypatch)
    reports = (run_world(seed, pauses=True) for seed in worlds_for(bug, 0, WORLDS))
    report = next((report for report in reports if report.fouls), None)

    assert report is not None
    assert report.fouls[0].startswith(bug.promises), report.say()
