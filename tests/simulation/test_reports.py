"""Worlds in which every handler tells how far it has come and logs: only holders do, and no line stands twice."""

from collections.abc import Callable

import pytest

from tests.chaos.report_machine import REPORT_MUTANTS
from tests.simulation.bug import in_script
from tests.simulation.many_worlds import STEPS_OF_EACH, check_caught, check_kept, first_seeds, worlds_for
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

LINES = 3
BATCH = 20
SEEDS = first_seeds(BATCH)
KNOWN_SEEDS = {"a worker that lost the task reports": 84, "a report is left when its outcome is forgotten": 15}
WORLDS = 100
"""How many worlds to try from the known seed of a bug."""
BUGS = {
    "a worker that lost the task reports": "G27: only the holder reports",
    "a repeated call adds its lines again": "G27: no line is stored twice",
    "a report is left when its outcome is forgotten": "I11",
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_a_log_is_what_holders_told_from_seed(first: int, record_property: Callable[[str, object], None]) -> None:
    check_kept(range(first, first + BATCH), lambda seed: run_world(seed, STEPS_OF_EACH, lines=LINES), record_property)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = in_script(REPORT_MUTANTS[name], BUGS[name])
    worlds = worlds_for(bug, KNOWN_SEEDS.get(name, 0), WORLDS)
    check_caught(bug, monkeypatch, worlds, lambda seed: run_world(seed, lines=LINES))
