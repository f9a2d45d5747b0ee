"""Worlds in which every handler tells how far it has come and logs: only holders do, and no line stands twice."""

from collections.abc import Callable

import pytest

from tests.chaos.report_machine import REPORT_MUTANTS
from tests.simulation.bug import in_script
from tests.simulation.tally import SIMULATED_STEPS
from tests.simulation.test_bugs import worlds_for
from tests.simulation.test_seeds import BATCH, FIRST, NIGHTLY_SEEDS, STEPS_OF_EACH
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

LINES = 3
SEEDS = [
    FIRST,
    *(pytest.param(first, marks=pytest.mark.nightly) for first in range(FIRST + BATCH, FIRST + NIGHTLY_SEEDS, BATCH)),
]
WORLDS = 100
BUGS = {
    "a worker that lost the task reports": "G27: only the holder reports",
    "a repeated call adds its lines again": "G27: no line is stored twice",
    "a report is left when its outcome is forgotten": "I11",
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_a_log_is_what_holders_told_from_seed(first: int, record_property: Callable[[str, object], None]) -> None:
    for seed in range(first, first + BATCH):
        report = run_world(seed, STEPS_OF_EACH, lines=LINES)
        record_property(SIMULATED_STEPS, report.steps)

        assert not report.fouls, report.say()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = in_script(REPORT_MUTANTS[name], BUGS[name])
    bug.plant(monkeypatch)
    reports = (run_world(seed, lines=LINES) for seed in worlds_for(bug, 0, WORLDS))
    report = next((report for report in reports if report.fouls), None)

    assert report is not None
    assert report.fouls[0].startswith(bug.promises), report.say()
