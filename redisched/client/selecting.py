"""Finds the tasks that a verb acts on, batch by batch, and lets it act. Every step is bounded, whatever is selected."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from redisched.client.connection import Connection
from redisched.client.verbs import Verb
from redisched.errors import InvalidOption, UnknownTasks
from redisched.filters.conditions import Condition, ErrorMatches, NameIn, QueueIn, StateIn
from redisched.filters.counting import MatchCount, count_matching
from redisched.filters.filter import EVERY_STATE, Filter
from redisched.filters.parsing import parse
from redisched.filters.reading import LOOKS, shards_of
from redisched.model import TaskState
from redisched.option_checks import check_name, check_queue
from redisched.store.inspect import Inspector, queues
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, T, with_retries
from redisched.store.page import Place, Query
from redisched.store.view import TaskView

O = TypeVar("O")  # noqa: E741 - an outcome

BATCH = 100
"""So many tasks are given to one call of a script, which takes some three milliseconds for them."""
_PAGE = 4 * BATCH


class Change(NamedTuple, Generic[O]):
    """What a call did with one of the tasks that it selected."""

    id: str
    queue: str
    outcome: O


class Source(Protocol):
    """Which tasks are selected."""

    def apply(self, connection: Connection, verb: Verb[O]) -> Operation[list[Change[O]]]:
        """Let a verb act on each of them, and return what it did."""
        ...


@dataclass(frozen=True, slots=True)
class Matching:
    """Selects the tasks that match a filter. If it names no states, those in which the verb can act."""

    wanted: Filter

    def apply(self, connection: Connection, verb: Verb[O]) -> Operation[list[Change[O]]]:
        """Act on the tasks of all queues and shards. No task is given to the verb twice, even if it moves meanwhile.
        Raises InvalidOption for a state in which the verb can do nothing.
        """
        self._check(verb)
        states = self.wanted.states & {*verb.states}
        query = Query(states=states, limit=_PAGE, matcher=self.wanted)
        changes: list[Change[O]] = []
        for shard in (yield from _retrying(connection, partial(shards_of, connection.script_runner, self.wanted))):
            if self.wanted.ids is None:
                changes += yield from _apply_in_shard(connection, shard, query, verb)
            else:
                changes += yield from _apply_to_ids(connection, shard, sorted(self.wanted.ids), query, verb)
        return changes

    def count(self, connection: Connection, verb: Verb[O], looks: int = LOOKS) -> Operation[MatchCount]:
        """How many tasks the verb would be given, found with about `looks` looks. Raises InvalidOption as `apply`."""
        self._check(verb)
        wanted = self.wanted.also(StateIn(frozenset(verb.states)))
        return (yield from _retrying(connection, partial(count_matching, connection.script_runner, wanted, looks)))

    def _check(self, verb: Verb[O]) -> None:
        for state in sorted(self.wanted.asked_states - {*verb.states}):
            raise InvalidOption("state", state.value, f"one of {', '.join(sorted(verb.states))}")


def filter_of(
    text: str | None, queue: str | None, name: str | None, state: str | Collection[str] | None, error: str | None
) -> Filter:
    """The filter of a text and of what is given beside it. Raises InvalidOption, also if there is nothing."""
    if text is None and queue is None and name is None and state is None and error is None:
        raise InvalidOption("filter", None, "a text, or at least one of queue, name, state, error")
    conditions: list[Condition] = []
    if queue is not None:
        conditions.append(QueueIn.exactly(check_queue("queue", queue)))
    if name is not None:
        conditions.append(NameIn.exactly(check_name("name", name)))
    if state is not None:
        conditions.append(StateIn(states_of(state, EVERY_STATE)))
    if error is not None:
        conditions.append(ErrorMatches(check_pattern("error", error)))
    return parse("" if text is None else text).also(*conditions)


def check_pattern(option: str, value: object) -> re.Pattern[str]:
    """Check a regular expression."""
    allowed = "a regular expression, which is searched for"
    if not isinstance(value, str):
        raise InvalidOption(option, value, allowed)
    try:
        return re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidOption(option, value, f"{allowed}; {error}") from None


def states_of(given: str | Collection[str], known: Collection[TaskState]) -> frozenset[TaskState]:
    """Check one or several states, of those that are known. Raises InvalidOption."""
    wanted = (given,) if isinstance(given, str) else given
    allowed = f"one or several of {', '.join(sorted(known))}"
    if not isinstance(wanted, Collection) or not wanted:
        raise InvalidOption("state", given, allowed)
    for state in wanted:
        if not isinstance(state, str) or state not in known:
            raise InvalidOption("state", state, allowed)
    return frozenset(map(TaskState, wanted))


def _apply_in_shard(
    connection: Connection, shard: ShardInspector, query: Query, verb: Verb[O]
) -> Operation[list[Change[O]]]:
    counts = yield from _retrying(connection, shard.counts)
    # New tasks may come as fast as they are selected. Not more are given to the verb than there were at first.
    most = counts.ready + counts.scheduled + counts.leased + counts.dead + counts.finished
    changes: list[Change[O]] = []
    seen: set[str] = set()
    after: Place | None = None
    while len(seen) < most:
        page = yield from _retrying(connection, partial(shard.page, query, after))
        views = [view for view in page.views if view.id not in seen]
        seen.update(view.id for view in views)
        changes += yield from _act(connection, shard.queue, shard.shard, views, verb)
        after = page.next
        if after is None:
            break
    return changes


def _apply_to_ids(
    connection: Connection, shard: ShardInspector, ids: Sequence[str], query: Query, verb: Verb[O]
) -> Operation[list[Change[O]]]:
    changes: list[Change[O]] = []
    for batch in _batches(ids):
        views = yield from _retrying(connection, partial(shard.tasks, batch))
        matching = [view for view in views if query.may_take(view) and query.takes(view)]
        changes += yield from _act(connection, shard.queue, shard.shard, matching, verb)
    return changes


@dataclass(frozen=True, slots=True)
class Named:
    """Selects tasks by their ids, each with its queue, or with "" where it may be in any."""

    tasks: Sequence[tuple[str, str]]

    def apply(self, connection: Connection, verb: Verb[O]) -> Operation[list[Change[O]]]:
        """Act on the tasks, whatever their states. Raises InvalidOption, with nothing done, if several queues have a
        task of the same id, and UnknownTasks once all that are known are done.
        """
        homes = yield from self._find(connection)
        changes: dict[tuple[str, str], Change[O]] = {}
        for (queue, shard), ids in homes.items():
            inspector = Inspector(connection.script_runner, queue).shard(shard)
            for batch in _batches(ids):
                views = yield from _retrying(connection, partial(inspector.tasks, batch))
                for change in (yield from _act(connection, queue, shard, views, verb)):
                    changes[change.id, change.queue] = changes[change.id, ""] = change
        unknown = [task[0] for task in self.tasks if task not in changes]
        done = [changes[task] for task in dict.fromkeys(self.tasks) if task in changes]
        if unknown:
            raise UnknownTasks(unknown, done)
        return done

    def _find(self, connection: Connection) -> Operation[Mapping[tuple[str, int], list[str]]]:
        """The queue and the shard of every id that is known, each with its ids."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for id, queue in dict.fromkeys(self.tasks):
            wanted[queue].append(id)
        anywhere = wanted.pop("", [])
        known = (yield from _queues(connection)) if anywhere else []
        queue_of: dict[str, str] = {}
        homes: dict[tuple[str, int], list[str]] = defaultdict(list)
        for queue in sorted({*wanted, *known}):
            for id, shard in (yield from _locate(connection, queue, wanted.get(queue, []))):
                homes[queue, shard].append(id)
            for id, shard in (yield from _locate(connection, queue, anywhere)):
                if id in queue_of:
                    raise InvalidOption(
                        "queue", None, f"task {id!r} is in the queues {queue_of[id]}, {queue}; name one"
                    )
                queue_of[id] = queue
                homes[queue, shard].append(id)
        return homes


def _locate(connection: Connection, queue: str, ids: Sequence[str]) -> Operation[list[tuple[str, int]]]:
    """Those of the ids that a queue has, each with its shard."""
    if not ids:
        return []
    shard_map = yield from _retrying(connection, Inspector(connection.script_runner, queue).shard_map)
    by_shard: dict[int, list[str]] = defaultdict(list)
    for id in ids:
        for shard in shard_map.possible_shards(id):
            by_shard[shard].append(id)
    found: list[tuple[str, int]] = []
    for shard, possible in by_shard.items():
        inspector = Inspector(connection.script_runner, queue).shard(shard)
        for batch in _batches(possible):
            views = yield from _retrying(connection, partial(inspector.states, batch))
            found += ((view.id, shard) for view in views if view.state is not TaskState.UNKNOWN)
    return found


def _act(
    connection: Connection, queue: str, shard: int, views: Sequence[TaskView], verb: Verb[O]
) -> Operation[list[Change[O]]]:
    changes: list[Change[O]] = []
    for batch in _batches(views):
        outcomes = yield from verb.act(connection, connection.store(queue, shard), batch)
        told = zip(batch, outcomes, strict=True)
        changes += (Change(view.id, queue, outcome) for view, outcome in told if outcome is not None)
    return changes


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]


def _queues(connection: Connection) -> Operation[list[str]]:
    return _retrying(connection, partial(queues, connection.script_runner))


def _retrying(connection: Connection, make: Callable[[], Operation[T]]) -> Operation[T]:
    return with_retries(make, connection.retry_policy())
