"""Looks for a planted bug with a machine that makes random calls, from one seed after the other."""

from hypothesis import Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

SEEDS = 20
BUDGET = settings(
    max_examples=100, stateful_step_count=40, database=None, phases=[Phase.generate], report_multiple_bugs=False
)


def hunt(machine: type[RuleBasedStateMachine]) -> None:
    """Let the machine look for a bug. Raises AssertionError when it has found it."""
    for number in range(SEEDS):
        run_state_machine_as_test(seed(number)(machine), settings=BUDGET)
