"""Worlds in which whole workers fire schedules beside all they do, while somebody adds, changes and removes these:
every slot has one task, and every task ends.
"""

from collections.abc import Callable

import pytest

from tests.simulation.bugs_of_schedules import BUGS_OF_SCHEDULES
from tests.simulation.tally import SIMULATED_STEPS
from tests.simulation.test_seeds import FIRST, NIGHTLY_SEEDS
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

BATCH = 8
SEEDS = [
    FIRST,
    *(
        pytest.param(first, marks=pytest.mark.nightly)
        for first in range(FIRST + BATCH, FIRST + NIGHTLY_SEEDS // 4, BATCH)
    ),
]
STEPS = 5_000
WORLDS = 30
PLANTED = (
    "fire does not compare the slot",
    "a pause leaves the slots that are enqueued",
    "a removal leaves the slots that are enqueued",
    "a change leaves the slots that are enqueued",
)
BY_CLAIMS = "I6: only what waits is leased"
"""So the referee of whole worlds says it, if a task is claimed that was withdrawn."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_schedules_beside_tasks_break_no_promise_from_seed(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    for seed in range(first, first + BATCH):
        report = run_world(seed, STEPS, schedules=True)
        record_property(SIMULATED_STEPS, report.steps)

        assert not report.fouls, report.say()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLANTED)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS_OF_SCHEDULES[name]
    bug.plant(monkeypatch)
    reports = (run_world(seed, STEPS, schedules=True) for seed in range(WORLDS))
    report = next((report for report in reports if report.fouls), None)

    assert report is not None
    assert report.fouls[0].startswith((*bug.promises, BY_CLAIMS)), report.say()
