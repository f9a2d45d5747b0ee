"""Worlds in which the queue is paused and resumed, and tasks are deleted: a paused queue gives no task, no worker loses
one, and every task ends.
"""

from collections.abc import Callable

import pytest

from tests.chaos.mutant import Mutant
from tests.chaos.queue_life_machine import QUEUE_LIFE_MUTANTS
from tests.simulation.bug import Bug, in_script
from tests.simulation.many_worlds import STEPS_OF_EACH, check_caught, check_kept, first_seeds, worlds_for
from tests.simulation.world import run_world

pytestmark = pytest.mark.fault

BATCH = 20
SEEDS = first_seeds(BATCH)
WORLDS = 100
CHECKPOINT_STAYS = Mutant(
    "delete", "format and CHECKPOINTS or nil, format and TRAITS or nil", "format and TRAITS or nil"
)
BUGS: dict[str, Bug] = {
    **{
        name: in_script(QUEUE_LIFE_MUTANTS[name], "G30")
        for name in (
            "a claim does not look at the flag",
            "a claim that has tasks forgets the flag",
            "a pause does not end by itself",
            "resume leaves the flag",
        )
    },
    "a task is deleted under its worker": in_script(
        QUEUE_LIFE_MUTANTS["a task is deleted under its worker"], "G35", "I11"
    ),
    "what is deleted leaves its checkpoint": in_script(CHECKPOINT_STAYS, "a checkpoint without its task", "I11"),
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", SEEDS)
def test_pauses_and_deletes_break_no_promise_from_seed(
    first: int, record_property: Callable[[str, object], None]
) -> None:
    check_kept(
        range(first, first + BATCH), lambda seed: run_world(seed, STEPS_OF_EACH, queue_life=True), record_property
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BUGS)
def test_the_simulation_notices_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug = BUGS[name]
    check_caught(bug, monkeypatch, worlds_for(bug, 0, WORLDS), lambda seed: run_world(seed, queue_life=True))
