"""Looks for a planted bug with a machine that makes random calls, from one seed after the other."""

from hypothesis import Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

SEEDS = 20
STEPS = 40
FEW_STEPS = 20
"""Enough for a machine whose runs begin with tasks in many places."""


def hunt(machine: type[RuleBasedStateMachine], steps: int) -> None:
    """Let the machine look for a bug, in runs of so many steps. Raises AssertionError when it has found it."""
    budget = settings(
        max_examples=100,
        stateful_step_count=steps,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    for number in range(SEEDS):
        run_state_machine_as_test(seed(number)(machine), settings=budget)
