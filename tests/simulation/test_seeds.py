"""Every seed is a world of its own; in none may a promise be broken.

One that fails is told with the command that runs it again. For many more of them:
REDISCHED_SEEDS=200000 pytest tests/simulation -m chaos
"""

import os

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

SEEDS = 160
MORE_SEEDS = int(os.environ.get("REDISCHED_SEEDS", "20000"))
BATCH = 40
ONE_SEED = int(os.environ.get("REDISCHED_SEED", "0"))


def check_worlds(first: int) -> None:
    """Run a batch of worlds."""
    for seed in range(first, first + BATCH):
        report = run_world(seed)

        assert not report.fouls, report.say()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_promise_is_broken_from_seed(first: int) -> None:
    check_worlds(first)


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + MORE_SEEDS, BATCH))
def test_nor_is_one_broken_from_seed(first: int) -> None:
    check_worlds(first)


def test_one_seed_again() -> None:
    """For REDISCHED_SEED, as a report asks for it."""
    report = run_world(ONE_SEED)

    assert not report.fouls, report.say()


def test_a_world_in_which_a_promise_is_broken_says_how_to_see_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS["enqueue does not compare"].plant(monkeypatch)
    report = run_world(5)

    assert report.fouls
    assert "REDISCHED_SEED=5 pytest tests/simulation -k one_seed_again" in report.say()
    assert report.fouls[0] in report.say()
