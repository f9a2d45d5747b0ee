"""Pages of a listing: where one begins, what is on it, and where the next one begins.

A place is known by the score and the id of the task before it. So a page costs the same wherever it begins, none is
skipped when tasks before it come or go, and one place holds for every shard and queue.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering
from typing import Any

from redisched.errors import InvalidOption
from redisched.model import BAND, TaskState
from redisched.option_checks import is_id
from redisched.store.view import TaskView

_PLACE = re.compile(r"(due|later|leased|dead|ended):(-?\d{1,16})(?::([!-~]{1,200})|=((?:[0-9a-f]{2})*))")
LOOK_LIMIT = 10_000
"""So many tasks of a shard a page looks through at most: what it filters by no index leads to."""


class Section(StrEnum):
    """A part of a listing, each in an order of its own. They follow one another as they stand here."""

    DUE = "due"
    """Tasks that may run: by priority and time."""
    LATER = "later"
    """Waiting tasks that are not due: by time."""
    LEASED = "leased"
    """Tasks that workers hold: by the end of their lease."""
    DEAD = "dead"
    """The latest to die first."""
    ENDED = "ended"
    """The latest to be forgotten first."""


_SECTIONS = tuple(Section)
_STATES = {
    Section.DUE: {TaskState.READY},
    Section.LATER: {TaskState.SCHEDULED, TaskState.RETRYING},
    Section.LEASED: {TaskState.LEASED, TaskState.RUNNING},
    Section.DEAD: {TaskState.DEAD},
    Section.ENDED: {TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.EXPIRED},
}
_FALLING = frozenset({Section.DEAD, Section.ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which tasks are listed, and how many at most: those in any of the states, of one handler if it is named."""

    states: Collection[TaskState]
    limit: int
    name: str | None = None

    def sections(self, after: "Place | None") -> list[Section]:
        """Where such tasks are, from a place on."""
        first = 0 if after is None else _SECTIONS.index(after.section)
        return [section for section in _SECTIONS[first:] if not _STATES[section].isdisjoint(self.states)]

    def takes(self, view: TaskView) -> bool:
        """Whether a task whose state is right is one of them."""
        return self.name is None or view.name == self.name


@total_ordering
@dataclass(frozen=True, slots=True)
class Place:
    """Where a task stands in a listing. Places compare as they follow one another."""

    section: Section
    score: int
    id: str

    @classmethod
    def read(cls, option: str, text: str) -> "Place":
        """The place that `str` gave as text. Raises InvalidOption, naming the option."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise InvalidOption(option, text, "a place as the end of a listing told it, such as later:1800000000000:ID")
        id = found[3] or bytes.fromhex(found[4]).decode(errors="surrogateescape")
        return cls(Section(found[1]), int(found[2]), id)

    def __str__(self) -> str:
        if is_id(self.id):
            return f"{self.section}:{self.score}:{self.id}"
        # Somebody else wrote it, and it may be anything.
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
    """Tasks with their places, in their order. What follows stands after `next`; None at the end of the listing.

    There may be a next page though this one is short or empty: it ends where it has looked at enough.
    """

    tasks: Sequence[tuple[Place, TaskView]] = ()
    next: Place | None = None

    @property
    def views(self) -> list[TaskView]:
        """The tasks."""
        return [view for _, view in self.tasks]


def merged(pages: Sequence[Page], limit: int) -> Page:
    """One page, at most so long, of those of several shards or queues that begin after the same place."""
    ends = [page.next for page in pages if page.next is not None]
    end = min(ends, default=None)
    tasks = sorted((task for page in pages for task in page.tasks), key=_place_of)
    known = [task for task in tasks if end is None or not end < task[0]]
    if len(known) > limit:
        return Page(known[:limit], known[limit - 1][0])
    return Page(known, end)


def _place_of(task: tuple[Place, Any]) -> Place:
    return task[0]
