"""Every seed is a world of its own; in none may a promise be broken.

Every day has other seeds. One that fails is told with the command that runs it again. The last line of a run tells how
many worlds and steps it had. Many worlds find more than long ones; 200,000 short ones take about three and a half hours
of a core: REDISCHED_SEEDS=200000 REDISCHED_STEPS=500 pytest -m fault tests/simulation -k from_seed
"""

import os
from collections.abc import Callable
from datetime import date

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.tally import SIMULATED_STEPS
from tests.simulation.world import STEPS, run_world

pytestmark = pytest.mark.fault

SEEDS = int(os.environ.get("REDISCHED_SEEDS", "200"))
FIRST = date.today().toordinal() * 200
STEPS_OF_EACH = int(os.environ.get("REDISCHED_STEPS", STEPS))
BATCH = 40
ONE_SEED = int(os.environ.get("REDISCHED_SEED", "0"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_promise_is_broken_from_seed(first: int, record_property: Callable[[str, object], None]) -> None:
    for seed in range(FIRST + first, FIRST + min(first + BATCH, SEEDS)):
        report = run_world(seed, STEPS_OF_EACH)
        record_property(SIMULATED_STEPS, report.steps)

        assert not report.fouls, report.say()


def test_one_seed_again() -> None:
    """For REDISCHED_SEED, as a report asks for it."""
    report = run_world(ONE_SEED, STEPS_OF_EACH)

    assert not report.fouls, report.say()


def test_a_world_in_which_a_promise_is_broken_says_how_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS["enqueue does not compare"].plant(monkeypatch)
    report = next(report for report in map(run_world, range(100)) if report.fouls)

    again = f"REDISCHED_SEED={report.seed} REDISCHED_STEPS=2000 pytest -m fault tests/simulation -k one_seed_again"
    assert again in report.say()
    assert report.fouls[0] in report.say()
