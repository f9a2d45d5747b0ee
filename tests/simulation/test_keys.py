"""Worlds in which the tasks of all producers share a few unique keys: of each key one task exists, whatever breaks."""

from collections.abc import Callable

import pytest

from tests.simulation.bugs_of_keys import BUGS_OF_KEYS
from tests.simulation.many_worlds import BATCH, STEPS_OF_EACH, check_caught, check_kept, first_seeds, worlds_for
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

KEYS = 3
SEEDS = first_seeds()
WORLDS = 100


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_a_key_has_one_task_from_seed(first: int, record_property: Callable[[str, object], None]) -> None:
    check_kept(range(first, first + BATCH), lambda seed: run_world(seed, STEPS_OF_EACH, KEYS), record_property)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS_OF_KEYS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS_OF_KEYS[name]
    check_caught(bug, monkeypatch, worlds_for(bug, 0, WORLDS), lambda seed: run_world(seed, keys=KEYS))


def test_the_report_of_a_broken_promise_says_how_many_keys_there_were(monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS_OF_KEYS["a key is left behind at the end"].plant(monkeypatch)
    report = next(report for report in (run_world(seed, keys=KEYS) for seed in range(100)) if report.fouls)

    assert f"REDISCHED_SEED={report.seed} REDISCHED_STEPS=2000 REDISCHED_KEYS=3 pytest" in report.say()
