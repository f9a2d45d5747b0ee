"""A walk over the tasks of many shards in the order of one listing, step by step."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from redisched.filters.filter import Filter
from redisched.model import BAND, TaskState
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation
from redisched.store.page import Place, Section, sections_of
from redisched.store.view import TaskView

STEP = 100
"""So many places are looked at in one step, and so many of one shard are read at once, if most of them match."""
_SEARCHED = 3 * STEP
"""So many of one shard are read at once, if they are searched: then each costs Redis half as much."""
FEWEST = 20
"""Of each of many shards at least so many places are read at once."""
_BODIES = 50
"""So many bodies are read before it is seen whether enough tasks match."""

_COUNTS = {
    Section.DUE: "ready",
    Section.LATER: "scheduled",
    Section.LEASED: "leased",
    Section.DEAD: "dead",
    Section.ENDED: "finished",
}
"""What counts the tasks of a section."""


class Located(NamedTuple):
    """A task, and its place in the listing."""

    place: Place
    view: TaskView


class _Stream:
    """The places of one shard in one section, in order."""

    def __init__(self, shard: ShardInspector, section: Section, after: Place | None, chunk: int) -> None:
        self.shard = shard
        self.read: deque[Place] = deque()
        self.has_more = True
        self._section = section
        self._after = after
        self._chunk = chunk

    def fill(self) -> Operation[None]:
        """Read more places if none is left."""
        if self.read or not self.has_more:
            return
        places = yield from self.shard.places(self._section, self._after, self._chunk)
        self.has_more = len(places) == self._chunk
        self._after = places[-1] if places else self._after
        self.read.extend(places)


class Scan:
    """The tasks of several shards in the order of one listing, after a place. `looked_at` counts them."""

    def __init__(self, shards: Sequence[ShardInspector], wanted: Filter, after: Place | None) -> None:
        self.looked_at = 0
        self._last = after
        self._met: set[tuple[str, str]] = set()
        self._shards = shards
        self._priorities = wanted.priorities
        self._wanted = wanted
        self._states: Collection[TaskState] = wanted.states
        self._sections = sections_of(self._states, after) if shards else []
        self._streams: list[_Stream] = []

    @property
    def is_over(self) -> bool:
        """Whether every task was looked at."""
        return not self._sections

    @property
    def cursor(self) -> str | None:
        """Where another scan goes on, None if this one is over."""
        return None if self.is_over or self._last is None else str(self._last)

    def extent(self) -> Operation[int]:
        """How many tasks there are in the states that can match, about: all that a whole scan looks at."""
        tasks = 0
        for shard in self._shards:
            counts = yield from shard.counts()
            tasks += sum(getattr(counts, _COUNTS[section]) for section in sections_of(self._states, None))
        return tasks

    def step(self, enough: int) -> Operation[list[Located]]:
        """Look at the next tasks, and answer those that match. If more than `enough` match, some may be left out at the
        end, never before others.
        """
        section = self._sections[0]
        if not self._streams:
            after = self._last if self._last is not None and self._last.section is section else self._first(section)
            chunk = max(FEWEST, (_SEARCHED if self._wanted.is_residual else STEP) // len(self._shards))
            self._streams = [_Stream(shard, section, after, chunk) for shard in self._shards]
        for stream in self._streams:
            yield from stream.fill()
        taken = list(self._take())
        self._streams = [stream for stream in self._streams if stream.read or stream.has_more]
        if not self._streams:
            del self._sections[0]
        if not taken:
            return []
        self.looked_at += len(taken)
        self._last = taken[-1][0]
        return (yield from self._matching(taken, enough))

    def _take(self) -> Iterator[tuple[Place, ShardInspector]]:
        """The next places of all streams, in order, as far as they are known.

        Equal places, of tasks with one id in two queues, are never separated: a listing continues after a place.
        """
        last: Place | None = None
        count = 0
        while streams := [stream for stream in self._streams if stream.read]:
            stream = min(streams, key=lambda one: one.read[0])
            is_open = count >= STEP or any(not one.read and one.has_more for one in self._streams)
            if is_open and stream.read[0] != last:
                return
            last = stream.read.popleft()
            count += 1
            yield last, stream.shard

    def _matching(self, taken: Sequence[tuple[Place, ShardInspector]], enough: int) -> Operation[list[Located]]:
        """Those of the tasks that match, in order. Bodies are read only as far as they are needed."""
        views: dict[int, TaskView] = {}
        for shard, places in _by_shard(one for one in enumerate(taken) if self._may_be_at(one[1][0])).items():
            states = yield from shard.states([place.id for _, place in places])
            views |= {at: view for (at, _), view in zip(places, states, strict=True)}
        self._end_early(taken[-1][0], views)
        near = [at for at in sorted(views) if self._may_match(views[at])]
        matching: list[Located] = []
        for first in range(0, len(near), _BODIES):
            if len(matching) > enough and matching[-1].place != taken[near[first]][0]:
                break
            part = near[first : first + _BODIES]
            for shard, places in _by_shard((at, taken[at]) for at in part).items():
                whole = yield from shard.with_bodies([views[at] for at, _ in places])
                views |= {at: view for (at, _), view in zip(places, whole, strict=True)}
            found = [Located(taken[at][0], views[at]) for at in part if self._wanted.matches(views[at])]
            self._met.update((one.view.queue, one.view.id) for one in found)
            matching += found
        return matching

    def _first(self, section: Section) -> Place | None:
        """Where a section begins: due tasks of more urgent priorities than any that are wanted are passed over."""
        lowest = self._priorities.low
        return Place(section, lowest * BAND, "") if section is Section.DUE and lowest else None

    def _may_be_at(self, place: Place) -> bool:
        """Whether a task can match at this place, which tells the priority of a task that waits."""
        return place.section not in (Section.DUE, Section.LATER) or self._priorities.takes(place.score // BAND)

    def _end_early(self, last: Place, views: Mapping[int, TaskView]) -> None:
        """End a section after a place if its order tells that no later task can match.

        Due tasks are listed by priority, and dead ones by their death, the latest first.
        """
        is_over = False
        if last.section is Section.DUE and self._priorities.high is not None:
            is_over = last.score // BAND > self._priorities.high
        elif last.section is Section.DEAD:
            oldest_ms = self._wanted.oldest_ms(max(view.now_ms for view in views.values()))
            is_over = oldest_ms is not None and last.score < oldest_ms
        if is_over and self._streams:
            self._streams = []
            del self._sections[0]

    def _may_match(self, view: TaskView) -> bool:
        # A task that moves to a later section meanwhile is met twice.
        is_new = (view.queue, view.id) not in self._met
        return is_new and view.state in self._states and self._wanted.may_match(view)


def _by_shard(
    numbered: Iterable[tuple[int, tuple[Place, ShardInspector]]],
) -> dict[ShardInspector, list[tuple[int, Place]]]:
    found: dict[ShardInspector, list[tuple[int, Place]]] = defaultdict(list)
    for at, (place, shard) in numbered:
        found[shard].append((at, place))
    return found
