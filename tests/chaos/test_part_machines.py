"""Random calls against the model, each machine with one part of the queue besides: checkpoints, watchers, unique keys,
reports, schedules, or a queue that is paused and tasks that are deleted; and bugs planted in that part.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from redisched.store.broker import Broker
from tests.chaos.checkpoint_machine import CHECKPOINT_MUTANTS, checkpoint_machine_on
from tests.chaos.hunting import FEW_STEPS, STEPS, hunt
from tests.chaos.mutant import Mutant
from tests.chaos.queue_life_machine import QUEUE_LIFE_MUTANTS, queue_life_machine_on
from tests.chaos.report_machine import REPORT_MUTANTS, report_machine_on
from tests.chaos.schedule_machine import SCHEDULE_MUTANTS, schedule_machine_on
from tests.chaos.unique_machine import UNIQUE_MUTANTS, unique_machine_on
from tests.chaos.watching_machine import WATCHING_MUTANTS, watching_machine_on
from tests.script_rewriting import rewrite_scripts
from tests.server_time import ServerTime, read_movable_time


class Part(NamedTuple):
    """A part of the queue: its machine, the bugs planted in it, and how many steps a run needs to notice one."""

    machine_on: Callable[[Broker], type[RuleBasedStateMachine]]
    mutants: Mapping[str, Mutant]
    steps: int


PARTS = {
    "handlers save how far they have come": Part(checkpoint_machine_on, CHECKPOINT_MUTANTS, FEW_STEPS),
    "watchers are told of every end": Part(watching_machine_on, WATCHING_MUTANTS, FEW_STEPS),
    "a key has one task": Part(unique_machine_on, UNIQUE_MUTANTS, STEPS),
    "a queue is paused and removed, and tasks are deleted": Part(queue_life_machine_on, QUEUE_LIFE_MUTANTS, FEW_STEPS),
    "schedules are fired and changed": Part(schedule_machine_on, SCHEDULE_MUTANTS, STEPS),
    "handlers tell how far they have come": Part(report_machine_on, REPORT_MUTANTS, STEPS),
}
HUNTED_EACH_TIME = 3
"""So many bugs of each part, the first ones, are hunted with each change, and the others at night: the first ones show
within seconds, others may take a minute.
"""
HUNTED = [
    pytest.param(part, mutant, id=name, marks=() if at < HUNTED_EACH_TIME else pytest.mark.nightly)
    for part in PARTS.values()
    for at, (name, mutant) in enumerate(part.mutants.items())
]
PLANTED = [pytest.param(part, mutant, id=name) for part in PARTS.values() for name, mutant in part.mutants.items()]


@pytest.mark.timeout(3_600)  # a failing example is made small first
@pytest.mark.parametrize("examples", [25, pytest.param(300, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_the_part_behaves_as_its_model(broker: Broker, clock: ServerTime, part: Part, examples: int) -> None:
    run_state_machine_as_test(
        part.machine_on(broker), settings=settings(max_examples=examples, stateful_step_count=50, deadline=None)
    )


@pytest.mark.parametrize(("part", "mutant"), PLANTED)
def test_the_passage_that_a_mutant_replaces_is_in_its_script(part: Part, mutant: Mutant) -> None:
    assert mutant.count_in_script() == 1


@pytest.mark.fault
@pytest.mark.timeout(900)  # a busy machine makes a hunt take minutes
@pytest.mark.parametrize(("part", "mutant"), HUNTED)
def test_the_machine_notices_when(part: Part, mutant: Mutant, valkey: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite_scripts(monkeypatch, mutant.rewrite, read_movable_time)
    with pytest.raises(AssertionError):
        hunt(part.machine_on(valkey), part.steps)
