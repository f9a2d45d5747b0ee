"""Each planted bug is caught by some world, and for the promise that it breaks.

With every commit a bug is looked for with its known seed, at night from other seeds. That nothing is
caught in worlds without bugs is tested in test_seeds.py.
"""

import logging
from collections.abc import Iterator
from itertools import count, islice

import pytest

from tests.simulation.bug import Bug
from tests.simulation.bugs import BUGS
from tests.simulation.known_seeds import KNOWN_SEEDS
from tests.simulation.plan import draw_plan
from tests.simulation.test_seeds import FIRST
from tests.simulation.world import Report, run_world

pytestmark = pytest.mark.fault
log = logging.getLogger(__name__)

WORLDS = 100
"""How many worlds to try from the known seed of a bug; all have the faults that it needs."""
HUNTED_WORLDS = 1_000
"""How many worlds to try from other seeds: the rarest bug shows in one of about fifty."""


def worlds_for(bug: Bug, since: int, worlds: int) -> Iterator[int]:
    """The seeds of worlds in which a bug may show."""
    return islice((seed for seed in count(since) if bug.needs <= set(draw_plan(seed, 0).faults)), worlds)


def hunt(bug: Bug, since: int, worlds: int) -> Report | None:
    """The first world with a foul."""
    return next((report for seed in worlds_for(bug, since, worlds) if (report := run_world(seed)).fouls), None)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[name].plant(monkeypatch)
    report = hunt(BUGS[name], KNOWN_SEEDS.get(name, 0), WORLDS)

    assert report is not None
    assert report.fouls[0].startswith(BUGS[name].promises), report.say()


@pytest.mark.nightly
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", BUGS)
def test_hunted_from_other_seeds_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[name].plant(monkeypatch)
    report = hunt(BUGS[name], FIRST, HUNTED_WORLDS)

    assert report is not None
    assert report.fouls[0].startswith(BUGS[name].promises), report.say()
    log.info("%s: %d", name, report.seed)


def test_every_known_seed_belongs_to_a_bug() -> None:
    assert KNOWN_SEEDS.keys() <= BUGS.keys()
