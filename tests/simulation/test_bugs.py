"""Each planted bug is caught by some world, and for the promise that it breaks.

That nothing is caught in these worlds without bugs is what test_seeds.py is about.
"""

from collections.abc import Iterator

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.plan import draw_plan
from tests.simulation.world import Report, run_world

pytestmark = pytest.mark.chaos

SEEDS = 400
"""Seeds to look at. A bug that needs certain faults is looked for in worlds that have them."""


def worlds_for(bug: Bug) -> Iterator[int]:
    """The seeds of worlds in which a bug may show."""
    return (seed for seed in range(SEEDS) if bug.needs <= set(draw_plan(seed, 0).faults))


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
