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
from tests.simulation.many_worlds import STEPS_OF_EACH, check_caught, check_kept, first_seeds, worlds_for
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

BATCH = 20
SEEDS = first_seeds(BATCH)
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
    check_kept(range(first, first + BATCH), lambda seed: run_world(seed, STEPS_OF_EACH, deploys=True), record_property)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    check_caught(bug, monkeypatch, worlds_for(bug, 0, WORLDS), lambda seed: run_world(seed, deploys=True))
