"""Worlds in which the tasks of all producers share a few unique keys: of each key one task exists, whatever breaks."""

from collections.abc import Callable

import pytest

from tests.simulation.bugs_of_keys import BUGS_OF_KEYS
from tests.simulation.tally import SIMULATED_STEPS
from tests.simulation.test_bugs import worlds_for
from tests.simulation.test_seeds import BATCH, FIRST, NIGHTLY_SEEDS, STEPS_OF_EACH
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

KEYS = 3
SEEDS = [
    FIRST,
    *(pytest.param(first, marks=pytest.mark.nightly) for first in range(FIRST + BATCH, FIRST + NIGHTLY_SEEDS, BATCH)),
]
WORLDS = 100


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_a_key_has_one_task_from_seed(first: int, record_property: Callable[[str, object], None]) -> None:
    for seed in range(first, first + BATCH):
        report = run_world(seed, STEPS_OF_EACH, KEYS)
        record_property(SIMULATED_STEPS, report.steps)

        assert not report.fouls, report.say()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS_OF_KEYS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS_OF_KEYS[name]
    bug.plant(monkeypatch)
    reports = (run_world(seed, keys=KEYS) for seed in worlds_for(bug, 0, WORLDS))
    report = next((report for report in reports if report.fouls), None)

    assert report is not None
    assert report.fouls[0].startswith(bug.promises), report.say()


def test_the_report_of_a_broken_promise_says_how_many_keys_there_were(monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS_OF_KEYS["a key is left behind at the end"].plant(monkeypatch)
    report = next(report for report in (run_world(seed, keys=KEYS) for seed in range(100)) if report.fouls)

    assert f"REDISCHED_SEED={report.seed} REDISCHED_STEPS=2000 REDISCHED_KEYS=3 pytest" in report.say()
