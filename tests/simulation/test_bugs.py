"""Each planted bug is caught by some world, and for the promise that it breaks.

With every commit a bug is looked for with its known seed, at night from other seeds. That nothing is
caught in worlds without bugs is tested in test_seeds.py.
"""

import logging

import pytest

from tests.simulation.bugs import BUGS
from tests.simulation.known_seeds import KNOWN_SEEDS
from tests.simulation.many_worlds import FIRST, check_caught, worlds_for
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault
log = logging.getLogger(__name__)

WORLDS = 100
"""How many worlds to try from the known seed of a bug; all have the faults that it needs."""
HUNTED_WORLDS = 1_000
"""How many worlds to try from other seeds: the rarest bug shows in one of about fifty."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    check_caught(bug, monkeypatch, worlds_for(bug, KNOWN_SEEDS.get(name, 0), WORLDS), run_world)


@pytest.mark.nightly
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", BUGS)
def test_hunted_from_other_seeds_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    report = check_caught(bug, monkeypatch, worlds_for(bug, FIRST, HUNTED_WORLDS), run_world)
    log.info("%s: %d", name, report.seed)


def test_every_known_seed_belongs_to_a_bug() -> None:
    assert KNOWN_SEEDS.keys() <= BUGS.keys()
