"""Every seed is a world of its own; in none may a promise be broken.

A world that fails is named with the command that runs it again. More of them:
REDISCHED_SEEDS=20000 pytest tests/simulation -m chaos
"""

import os

import pytest

from tests.simulation.world import run_world

SEEDS = int(os.environ.get("REDISCHED_SEEDS", "200"))
BATCH = 50


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_promise_is_broken_in(first: int) -> None:
    for seed in range(first, first + BATCH):
        report = run_world(seed)

        assert not report.fouls, report.say()
