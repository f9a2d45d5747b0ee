"""A filter, as it is after its text was read: conditions, all of which must hold for a task."""

from collections.abc import Iterable
from dataclasses import dataclass

from redisched.filters.conditions import (
    AgeIn,
    Condition,
    IdIn,
    NameIn,
    Opposite,
    PriorityIn,
    QueueIn,
    Range,
    Since,
    StateIn,
)
from redisched.filters.patterns import ExactText, TextPattern
from redisched.model import LOWEST_PRIORITY, TaskState
from redisched.store.view import TaskView

EVERY_STATE = frozenset(state for state in TaskState if state is not TaskState.UNKNOWN)
_OF_PENDING = (QueueIn, NameIn, PriorityIn)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks are meant: those for which all conditions hold. Without conditions: all tasks.

    `states`, `queues` and `ids` are what Redis can be asked for; the other conditions are held against each task.
    """

    conditions: tuple[Condition, ...] = ()

    def also(self, *conditions: Condition) -> "Filter":
        """The filter with more conditions."""
        return Filter((*self.conditions, *conditions))

    @property
    def is_open(self) -> bool:
        """Whether the filter says only what holds for tasks of every state alike: queues, handlers, priorities."""
        return all(isinstance(_plain(condition), _OF_PENDING) for condition in self.conditions)

    @property
    def asked_states(self) -> frozenset[TaskState]:
        """The states that the filter asks for by name; empty if it names none, or any."""
        asked = [condition.states for condition in self.conditions if isinstance(condition, StateIn)]
        return self.states if any(states != EVERY_STATE for states in asked) else frozenset()

    @property
    def states(self) -> frozenset[TaskState]:
        """The states that tasks can have for which the filter holds."""
        states = EVERY_STATE
        for condition in self.conditions:
            if isinstance(condition, StateIn):
                states &= condition.states
            elif isinstance(condition, Opposite) and isinstance(condition.of, StateIn):
                states -= condition.of.states
        return states

    @property
    def queues(self) -> frozenset[str] | None:
        """The names of the only queues in which tasks can be, None if the filter names none."""
        return _named(condition.patterns for condition in self.conditions if isinstance(condition, QueueIn))

    @property
    def ids(self) -> frozenset[str] | None:
        """The only ids that tasks can have, None if the filter names none."""
        return _named(condition.patterns for condition in self.conditions if isinstance(condition, IdIn))

    @property
    def is_residual(self) -> bool:
        """Whether tasks of the states and queues may still not match."""
        return any(not isinstance(_plain(condition), StateIn | QueueIn) for condition in self.conditions)

    @property
    def priorities(self) -> Range:
        """No task matches whose priority is outside of this range."""
        low, high = 0, LOWEST_PRIORITY
        for condition in self.conditions:
            if isinstance(condition, PriorityIn):
                low = max(low, min(one.low or 0 for one in condition.ranges))
                high = min(high, max(LOWEST_PRIORITY if one.high is None else one.high for one in condition.ranges))
        return Range(low, high)

    def oldest_ms(self, now_ms: int) -> int | None:
        """Tasks that came into their state before this moment do not match. None: they may be of any age."""
        moments = [condition.moment_ms for condition in self.conditions if isinstance(condition, Since)]
        for condition in self.conditions:
            if isinstance(condition, AgeIn):
                highest = [one.high for one in condition.ranges if one.high is not None]
                moments += [now_ms - max(highest)] if len(highest) == len(condition.ranges) else []
        return max(moments, default=None)

    def takes_queue(self, queue: str) -> bool:
        """Whether tasks of a queue can match."""
        for condition in self.conditions:
            asked = _plain(condition)
            if isinstance(asked, QueueIn) and asked.takes(queue) is not (asked is condition):
                return False
        return True

    def may_match(self, view: TaskView) -> bool:
        """Whether a task can match, as far as is known without its body."""
        return all(condition.needs_body(view) or condition.holds(view) for condition in self.conditions)

    def matches(self, view: TaskView) -> bool:
        """Whether a task matches, now that its body was read if it has one."""
        return all(condition.holds(view) for condition in self.conditions)


def _plain(condition: Condition) -> Condition:
    return condition.of if isinstance(condition, Opposite) else condition


def _named(alternatives: Iterable[tuple[TextPattern, ...]]) -> frozenset[str] | None:
    """The texts that are named by all of these alternatives that have no patterns."""
    found: frozenset[str] | None = None
    for patterns in alternatives:
        texts = frozenset(pattern.text for pattern in patterns if isinstance(pattern, ExactText))
        if len(texts) == len(set(patterns)):
            found = texts if found is None else found & texts
    return found
