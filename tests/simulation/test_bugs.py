"""Each planted bug is caught by some world, and for the promise that it breaks.

That nothing is caught in these worlds without bugs is what test_seeds.py is about.
"""

from collections.abc import Iterator
from itertools import count, islice

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.plan import draw_plan
from tests.simulation.world import Report, run_world

pytestmark = pytest.mark.fault

WORLDS = 100
"""Worlds to look at for a bug, all with the faults that it needs. Most are found in the first few."""


def worlds_for(bug: Bug) -> Iterator[int]:
    """The seeds of worlds in which a bug may show."""
    return islice((seed for seed in count(bug.since) if bug.needs <= set(draw_plan(seed, 0).faults)), WORLDS)


def hunt(bug: Bug) -> Report | None:
    """The first world in which something is wrong."""
    return next((report for seed in worlds_for(bug) if (report := run_world(seed)).fouls), None)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS.keys())
def test_it_is_noticed_that(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    bug.plant(monkeypatch)
    report = hunt(bug)

    assert report is not None
    assert report.fouls[0].startswith(bug.promises), report.say()
