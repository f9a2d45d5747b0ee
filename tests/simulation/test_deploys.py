"""Worlds with two deploys beside each other: a worker gives back what it does not know at no cost to the task, and one
that knows it runs it (G37).
"""

from collections.abc import Callable

import pytest

from redisched.engine import attempt
from redisched.engine.attempt import AttemptPolicy
from redisched.engine.completion import Completion, dead
from redisched.engine.leased_task import LeasedTask
from redisched.model import DeathReason
from redisched.registry import HandlerEntry
from tests.chaos.test_mutants import MUTANTS
from tests.simulation.bug import Bug, in_method, in_script
from tests.simulation.tally import SIMULATED_STEPS
from tests.simulation.test_bugs import worlds_for
from tests.simulation.test_seeds import FIRST, NIGHTLY_SEEDS, STEPS_OF_EACH
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

BATCH = 20
SEEDS = [
    FIRST,
    *(pytest.param(first, marks=pytest.mark.nightly) for first in range(FIRST + BATCH, FIRST + NIGHTLY_SEEDS, BATCH)),
]
WORLDS = 20
LATER_MS = 10_000_000


def _give_up(self: AttemptPolicy, task: LeasedTask, _entry: HandlerEntry | None, now_s: float) -> Completion:
    """Let a task be dead that this worker does not know."""
    return dead(task, DeathReason.UNROUTABLE, "unknown here", int(self._now_ms_at(now_s)))


BUGS: dict[str, Bug] = {
    "what one worker does not know is dead": in_method(AttemptPolicy, "_unroutable", _give_up, "G37"),
    "who does not know a task counts an attempt": in_script(MUTANTS["release counts an attempt"], "attempts, crashes"),
    "what is left to others is offered after hours": in_method(
        attempt, "SHORT_PAUSE_MS", LATER_MS, "every task ends, in time"
    ),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_two_deploys_beside_each_other_break_no_promise_from_seed(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    for seed in range(first, first + BATCH):
        report = run_world(seed, STEPS_OF_EACH, deploys=True)
        record_property(SIMULATED_STEPS, report.steps)

        assert not report.fouls, report.say()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    bug.plant(monkeypatch)
    reports = (run_world(seed, deploys=True) for seed in worlds_for(bug, 0, WORLDS))
    report = next((report for report in reports if report.fouls), None)

    assert report is not None
    assert report.fouls[0].startswith(bug.promises), report.say()
