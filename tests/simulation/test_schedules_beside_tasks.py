"""Worlds in which whole workers fire schedules beside all they do, while somebody adds, changes and removes these:
every slot has one task, and every task ends.
"""

from collections.abc import Callable

import pytest

from tests.simulation.bugs_of_schedules import BUGS_OF_SCHEDULES
from tests.simulation.many_worlds import NIGHTLY_SEEDS, check_caught, check_kept, first_seeds
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

BATCH = 8
SEEDS = first_seeds(BATCH, NIGHTLY_SEEDS // 4)
STEPS = 5_000
WORLDS = 30
PLANTED = (
    "fire does not compare the slot",
    "a pause leaves the slots that are enqueued",
    "a removal leaves the slots that are enqueued",
    "a change leaves the slots that are enqueued",
)
BY_CLAIMS = "I6: only what waits is leased"
"""So the referee of whole worlds says it, if a task is claimed that was withdrawn."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_schedules_beside_tasks_break_no_promise_from_seed(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    check_kept(range(first, first + BATCH), lambda seed: run_world(seed, STEPS, schedules=True), record_property)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", PLANTED)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS_OF_SCHEDULES[name]
    check_caught(bug, monkeypatch, range(WORLDS), lambda seed: run_world(seed, STEPS, schedules=True), BY_CLAIMS)
