"""A row of the table of reasons."""

from collections.abc import Callable
from dataclasses import dataclass

from redisched.explain.reason import Reason
from redisched.explain.task_facts import TaskFacts


def no_advice(_facts: TaskFacts) -> str:
    """Nothing has to be done."""
    return ""


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason why a task may not run: when it holds, the sentence that says it, without the full stop, and what to do
    about it.
    """

    reason: Reason
    holds: Callable[[TaskFacts], bool]
    sentence: Callable[[TaskFacts], str]
    advice: Callable[[TaskFacts], str] = no_advice
