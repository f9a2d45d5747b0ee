"""What a term of a filter asks of a task. A condition does no I/O: it is held against what was read."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, Self

from redisched.filters.error_groups import group_of
from redisched.filters.patterns import ExactText, TextPattern
from redisched.jsonable import to_json
from redisched.model import TaskState
from redisched.store.view import TaskView


class Condition(Protocol):
    """What is asked of a task."""

    def needs_body(self, view: TaskView) -> bool:
        """Whether the answer is not known yet for a task whose body was not read."""
        ...

    def holds(self, view: TaskView) -> bool:
        """Whether it is so, as far as is known of the task."""
        ...


class _OfFacts:
    """Known without the body of a task."""

    __slots__ = ()

    def needs_body(self, _view: TaskView) -> bool:
        return False


class _OfNames:
    """Known once the name of the handler is: from the body, the outcome or the failure."""

    __slots__ = ()

    def needs_body(self, view: TaskView) -> bool:
        return view.body is None and not view.name


@dataclass(frozen=True, slots=True)
class Opposite:
    """The condition does not hold."""

    of: Condition

    def needs_body(self, view: TaskView) -> bool:
        return self.of.needs_body(view)

    def holds(self, view: TaskView) -> bool:
        return not self.of.holds(view)


@dataclass(frozen=True, slots=True)
class StateIn(_OfFacts):
    """The task is in one of these states."""

    states: frozenset[TaskState]

    def holds(self, view: TaskView) -> bool:
        return view.state in self.states


@dataclass(frozen=True, slots=True)
class QueueIn(_OfFacts):
    """The task is in one of these queues."""

    patterns: tuple[TextPattern, ...]

    @classmethod
    def exactly(cls, queue: str) -> Self:
        """The task is in this queue."""
        return cls((ExactText(queue),))

    def holds(self, view: TaskView) -> bool:
        return self.takes(view.queue)

    def takes(self, queue: str) -> bool:
        """Whether it holds for the tasks of a queue."""
        return any(pattern.takes(queue) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class IdIn(_OfFacts):
    """The task has one of these ids."""

    patterns: tuple[TextPattern, ...]

    def holds(self, view: TaskView) -> bool:
        return any(pattern.takes(view.id) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class WorkerIn(_OfFacts):
    """One of these workers has the task, or had it last."""

    patterns: tuple[TextPattern, ...]

    def holds(self, view: TaskView) -> bool:
        worker = view.worker or (view.failure.worker if view.failure else "")
        return any(pattern.takes(worker) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class NameIn(_OfNames):
    """The task is one of these handlers'."""

    patterns: tuple[TextPattern, ...]

    @classmethod
    def exactly(cls, name: str) -> Self:
        """The task is this handler's."""
        return cls((ExactText(name),))

    def holds(self, view: TaskView) -> bool:
        return any(pattern.takes(view.name) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class HasWord(_OfNames):
    """The name of the handler or the id contains a text, in upper or lower case."""

    folded: str

    def needs_body(self, view: TaskView) -> bool:
        return self.folded not in view.id.casefold() and _OfNames.needs_body(self, view)

    def holds(self, view: TaskView) -> bool:
        return self.folded in view.id.casefold() or self.folded in view.name.casefold()


@dataclass(frozen=True, slots=True)
class ErrorHas(_OfFacts):
    """The error of the last failure contains a text, in upper or lower case."""

    folded: str

    def holds(self, view: TaskView) -> bool:
        return view.failure is not None and self.folded in view.failure.error.casefold()


@dataclass(frozen=True, slots=True)
class ReasonHas(_OfFacts):
    """The reason why the task is dead contains a text, in upper or lower case."""

    folded: str

    def holds(self, view: TaskView) -> bool:
        failure = view.failure if view.state is TaskState.DEAD else None
        return failure is not None and self.folded in failure.reason.casefold()


@dataclass(frozen=True, slots=True)
class ErrorMatches(_OfFacts):
    """A regular expression is found in the error of the last failure. No text of a filter makes one."""

    pattern: re.Pattern[str]

    def holds(self, view: TaskView) -> bool:
        return view.failure is not None and self.pattern.search(view.failure.error) is not None


@dataclass(frozen=True, slots=True)
class GroupIn(_OfFacts):
    """The last failure of the task is of one of these groups, see `error_groups`."""

    groups: frozenset[str]

    def holds(self, view: TaskView) -> bool:
        has_failed = view.failure is not None or view.state is TaskState.DEAD
        return has_failed and group_of(view.failure) in self.groups


class Range(NamedTuple):
    """Whole numbers from `low` to `high`, both included; None has no limit."""

    low: int | None
    high: int | None

    def takes(self, number: int) -> bool:
        """Whether a number is in the range."""
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class PriorityIn(_OfFacts):
    """The priority is in one of these ranges."""

    ranges: tuple[Range, ...]

    def holds(self, view: TaskView) -> bool:
        return view.priority is not None and any(one.takes(view.priority) for one in self.ranges)


@dataclass(frozen=True, slots=True)
class AgeIn(_OfFacts):
    """The task has been in its state for a time, in milliseconds, that is in one of these ranges."""

    ranges: tuple[Range, ...]

    def holds(self, view: TaskView) -> bool:
        since_ms = in_state_since_ms(view)
        return since_ms is not None and any(one.takes(view.now_ms - since_ms) for one in self.ranges)


@dataclass(frozen=True, slots=True)
class Since(_OfFacts):
    """The task has come into its state at this moment (server ms) or later."""

    moment_ms: int

    def holds(self, view: TaskView) -> bool:
        since_ms = in_state_since_ms(view)
        return since_ms is not None and since_ms >= self.moment_ms


@dataclass(frozen=True, slots=True)
class ArgumentIs:
    """An argument has a value. The path is its name or its place, and the keys and places below it."""

    path: tuple[str, ...]
    pattern: TextPattern
    seen: Callable[[Any], Any] = field(default=lambda value: value, compare=False)
    """What whoever asks may see of a value."""

    def needs_body(self, view: TaskView) -> bool:
        return view.body is None

    def holds(self, view: TaskView) -> bool:
        if view.body is None:
            return False
        first, *rest = self.path
        value = _part(view.body.args if first.isdigit() else view.body.kwargs, first)
        for key in rest:
            value = _part(value, key)
        return value is not _MISSING and self.pattern.takes(_text_of(self.seen(value)))


def in_state_since_ms(view: TaskView) -> int | None:
    """Since when a task has been in its state: a ready one since it is due, a running one since it has started, a dead
    or ended one since then. None for one that waits for its time, and if it is not known.
    """
    if view.state is TaskState.DEAD:
        return view.died_ms
    if view.outcome is not None:
        return view.outcome.ended_ms or None
    if view.state is TaskState.RUNNING:
        return view.started_ms
    return view.run_at_ms if view.state in (TaskState.READY, TaskState.LEASED) else None


_MISSING = object()


def _part(value: Any, key: str) -> Any:
    """What a mapping has under a key, or a list at a place."""
    if isinstance(value, Mapping):
        return value.get(key, _MISSING)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes) and key.isascii() and key.isdigit():
        return value[int(key)] if len(key) < 10 and int(key) < len(value) else _MISSING
    return _MISSING


def _text_of(value: Any) -> str:
    """A text as it is, and anything else as JSON: 42, true, null, [1, 2]."""
    return value if isinstance(value, str) else to_json(value)
