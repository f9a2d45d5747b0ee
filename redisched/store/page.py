"""Pages of a listing.

A page begins after a place, which is the score and the id of the last task of the page before. So a page costs the same
wherever it begins, no task is skipped when tasks of earlier pages come or go, and one place is valid in every shard and
queue.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering
from typing import Any, Protocol

from redisched.errors import InvalidOption
from redisched.model import BAND, TaskState
from redisched.option_checks import is_id
from redisched.store.view import TaskView

_PLACE = re.compile(r"(due|later|leased|dead|ended):(-?\d{1,16})(?::([!-~]{1,200})|=((?:[0-9a-f]{2})*))")
LOOK_LIMIT = 10_000
"""For one page at most so many tasks of a shard are read. A filter has to read tasks one by one, as it has no index."""


class Section(StrEnum):
    """The sections of a listing, in their order. Each has an order of its own."""

    DUE = "due"
    """Due tasks, by priority and time."""
    LATER = "later"
    """Waiting tasks that are not due yet, by time."""
    LEASED = "leased"
    """Leased tasks, by the end of their lease."""
    DEAD = "dead"
    """Dead tasks. The one that died last comes first."""
    ENDED = "ended"
    """Ended tasks. The one that is forgotten last comes first."""


_SECTIONS = tuple(Section)
_STATES = {
    Section.DUE: {TaskState.READY},
    Section.LATER: {TaskState.SCHEDULED, TaskState.RETRYING},
    Section.LEASED: {TaskState.LEASED, TaskState.RUNNING},
    Section.DEAD: {TaskState.DEAD},
    Section.ENDED: {TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.EXPIRED, TaskState.LOST},
}
_FALLING = frozenset({Section.DEAD, Section.ENDED})


class Matcher(Protocol):
    """Which tasks are meant, of those in the states that are listed."""

    @property
    def is_residual(self) -> bool:
        """Whether tasks in these states may still not match."""
        ...

    def may_match(self, view: TaskView) -> bool:
        """Whether a task can match, as far as it is known without its body."""
        ...

    def matches(self, view: TaskView) -> bool:
        """Whether a task matches, now that its body is known, which names its handler."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which tasks are listed: at most `limit` of those in any of the states, only those that match, if it is given."""

    states: Collection[TaskState]
    limit: int
    matcher: Matcher | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether tasks in these states may still not match."""
        return self.matcher is not None and self.matcher.is_residual

    def sections(self, after: "Place | None") -> list[Section]:
        """The sections that can have such tasks, from a place on."""
        return sections_of(self.states, after)

    def may_take(self, view: TaskView) -> bool:
        """Whether a task can match, as far as it is known without its body."""
        return view.state in self.states and (self.matcher is None or self.matcher.may_match(view))

    def takes(self, view: TaskView) -> bool:
        """Whether a task that may match does, now that its body is known."""
        return self.matcher is None or self.matcher.matches(view)


def sections_of(states: Collection[TaskState], after: "Place | None") -> list[Section]:
    """The sections that can have tasks in one of the states, from a place on."""
    first = 0 if after is None else _SECTIONS.index(after.section)
    return [section for section in _SECTIONS[first:] if not _STATES[section].isdisjoint(states)]


@total_ordering
@dataclass(frozen=True, slots=True)
class Place:
    """The place of a task in a listing. Places compare in the order of the listing."""

    section: Section
    score: int
    id: str

    @classmethod
    def read(cls, option: str, text: str) -> "Place":
        """Read a place from the text that `str` made of it. Raises InvalidOption, which names the option."""
        found = _PLACE.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise InvalidOption(option, text, "a place as the end of a listing told it, such as later:1800000000000:ID")
        id = found[3] or bytes.fromhex(found[4]).decode(errors="surrogateescape")
        return cls(Section(found[1]), int(found[2]), id)

    def __str__(self) -> str:
        if is_id(self.id):
            return f"{self.section}:{self.score}:{self.id}"
        # Another program wrote this id, and it may be any bytes.
        return f"{self.section}:{self.score}={self._bytes().hex()}"

    def __lt__(self, other: "Place") -> bool:
        if self.section is not other.section:
            return _SECTIONS.index(self.section) < _SECTIONS.index(other.section)
        if self.section in _FALLING:
            return self._key() > other._key()
        return self._key() < other._key()

    def _key(self) -> tuple[int, int, bytes]:
        if self.section is Section.DUE:
            return self.score, 0, self._bytes()
        return self.score % BAND, self.score // BAND, self._bytes()

    def _bytes(self) -> bytes:
        return self.id.encode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class Page:
    """Tasks with their places, in order. `next` is the place after which the next page begins, None at the end of the
    listing.

    A page may be short or empty though there is a next one, if LOOK_LIMIT tasks were read for it.
    """

    tasks: Sequence[tuple[Place, TaskView]] = ()
    next: Place | None = None

    @property
    def views(self) -> list[TaskView]:
        """The tasks."""
        return [view for _, view in self.tasks]


def merged(pages: Sequence[Page], limit: int) -> Page:
    """Merge pages of several shards or queues, which begin after the same place, into one of at most `limit` tasks."""
    ends = [page.next for page in pages if page.next is not None]
    end = min(ends, default=None)
    tasks = sorted((task for page in pages for task in page.tasks), key=_place_of)
    known = [task for task in tasks if end is None or not end < task[0]]
    if len(known) > limit:
        return Page(known[:limit], known[limit - 1][0])
    return Page(known, end)


def _place_of(task: tuple[Place, Any]) -> Place:
    return task[0]
