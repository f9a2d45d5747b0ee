"""Executes route plans by hand: every step is answered from a list, and recorded."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from redisched.errors import BrokerError
from redisched.store.route import Ask, Send, Stream

T = TypeVar("T")
Step = Ask | Send | Stream


class Now:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


class Guide:
    """Answers each step with the next of `answers`; one that is an error is thrown."""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)
        self.steps: list[Step] = []

    def lead(self, plan: Generator[Step, Any, T]) -> T:
        """Run a plan to its end; answers its result."""
        reply: Any = None
        resume: Callable[[Any], Step] = plan.send
        try:
            while True:
                step = resume(reply)
                self.steps.append(step)
                reply = next(self._answers)
                resume = plan.throw if isinstance(reply, BrokerError) else plan.send
        except StopIteration as arrival:
            result: T = arrival.value
            return result

    @property
    def asked(self) -> list[str]:
        """Whom it asked the way."""
        return [str(step.server) for step in self.steps if isinstance(step, Ask)]

    @property
    def sent(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What it sent where."""
        return [(str(step.node), step.commands) for step in self.steps if isinstance(step, Send)]
