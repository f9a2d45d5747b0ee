"""wait_until returns the answer that it waited for, and names the condition that never held."""

from collections.abc import Callable

import pytest

from tests.waiting import wait_until


def test_the_first_truthy_answer_is_returned() -> None:
    answers = iter([0, None, "", "there"])

    assert wait_until(lambda: next(answers), "an answer is there") == "there"


@pytest.mark.parametrize("condition", [list, lambda: 0])
def test_a_condition_that_never_holds_is_named(condition: Callable[[], object]) -> None:
    with pytest.raises(AssertionError, match=r"in vain until the queue is empty; the last answer was (\[\]|0)"):
        wait_until(condition, "the queue is empty", timeout_s=0.0)
