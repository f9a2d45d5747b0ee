"""Every seed gives another world; no promise may be broken in any of them.

Every day has other seeds: 200 with every commit, 1,800 more at night. A seed that fails is reported with the command
that runs it again. The last line of a run shows how many worlds and steps it had. Many worlds find more than long ones;
200,000 short ones take about three and a half hours of a core:
REDISCHED_SEEDS=200000 REDISCHED_STEPS=500 pytest -m fault tests/simulation -k from_seed
"""

import os
from collections.abc import Callable

import pytest
from _pytest.mark import ParameterSet

from tests.simulation.bugs import BUGS
from tests.simulation.many_worlds import BATCH, FIRST, NIGHTLY_SEEDS, STEPS_OF_EACH, check_kept
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

SEEDS = int(os.environ.get("REDISCHED_SEEDS", "200"))
ONE_SEED = int(os.environ.get("REDISCHED_SEED", "0"))
KEYS = int(os.environ.get("REDISCHED_KEYS", "0"))
LINES = int(os.environ.get("REDISCHED_LINES", "0"))
QUEUE_LIFE = bool(os.environ.get("REDISCHED_QUEUE_LIFE"))
SCHEDULES = bool(os.environ.get("REDISCHED_SCHEDULES"))
DEPLOYS = bool(os.environ.get("REDISCHED_DEPLOYS"))


def batches() -> list[ParameterSet]:
    """The first seed of each batch, and the marks that decide when it runs."""
    night = range(SEEDS, NIGHTLY_SEEDS, BATCH)
    return [
        *(pytest.param(first, SEEDS) for first in range(0, SEEDS, BATCH)),
        *(pytest.param(first, NIGHTLY_SEEDS, marks=pytest.mark.nightly) for first in night),
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("first", "seeds"), batches())
def test_no_promise_is_broken_from_seed(first: int, seeds: int, record_property: Callable[[str, object], None]) -> None:
    batch = range(FIRST + first, FIRST + min(first + BATCH, seeds))
    check_kept(batch, lambda seed: run_world(seed, STEPS_OF_EACH), record_property)


def test_one_seed_again() -> None:
    """Run the world of REDISCHED_SEED, with the command that a report prints."""
    report = run_world(
        ONE_SEED, STEPS_OF_EACH, KEYS, LINES, queue_life=QUEUE_LIFE, schedules=SCHEDULES, deploys=DEPLOYS
    )

    assert not report.fouls, report.say()


def test_the_report_of_a_broken_promise_shows_the_command_that_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS["enqueue does not compare"].plant(monkeypatch)
    report = next(report for report in map(run_world, range(100)) if report.fouls)

    again = f"REDISCHED_SEED={report.seed} REDISCHED_STEPS=2000 pytest -m fault tests/simulation -k one_seed_again"
    assert again in report.say()
    assert report.fouls[0] in report.say()
