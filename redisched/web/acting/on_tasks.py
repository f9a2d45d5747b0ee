"""Actions on tasks, given by their ids or by a filter."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from redisched.client.connection import Connection
from redisched.client.dead_tasks import Discard, Replay
from redisched.client.deleting import PURGED, Delete
from redisched.client.selecting import Change, Matching, Named
from redisched.client.verbs import RUN_NOW, Cancel, Look, Verb, reprioritization, rescheduling
from redisched.errors import InvalidOption, UnknownTasks
from redisched.filters.conditions import QueueIn, StateIn
from redisched.filters.counting import count_matching
from redisched.filters.filter import Filter
from redisched.model import LARGEST_RUN_AT_MS, TaskState
from redisched.option_checks import check_id
from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.view import TaskView
from redisched.web.acting.arguments import number_in, only, state_list, whole_in
from redisched.web.acting.target import ActionRequest, TargetCount, Told
from redisched.web.filtering import LOOKS, filter_in
from redisched.web.redis import Redis

UNKNOWN = "unknown"
_Make = Callable[[Mapping[str, Any]], Verb[StrEnum]]


@dataclass(frozen=True, slots=True)
class ToldVerb:
    """A verb that tells after each batch what became of how many tasks."""

    verb: Verb[StrEnum]
    told: Told

    @property
    def states(self) -> Collection[TaskState]:
        return self.verb.states

    def act(
        self, connection: Connection, store: Store, views: Sequence[TaskView]
    ) -> Operation[Sequence[StrEnum | None]]:
        outcomes = yield from self.verb.act(connection, store, views)
        self.told(Counter(outcome.value for outcome in outcomes if outcome is not None))
        return outcomes


@dataclass(frozen=True, slots=True)
class NamedTasks:
    """Tasks by their ids."""

    source: Named
    verb: Verb[StrEnum]

    async def count(self, redis: Redis) -> TargetCount:
        try:
            seen = await redis.run_on(lambda connection: self.source.apply(connection, Look()))
        except UnknownTasks as error:
            return TargetCount(self._fitting(error.changes), unknown=tuple(error.ids))
        return TargetCount(self._fitting(seen))

    async def act(self, redis: Redis, _who: str, told: Told) -> None:
        try:
            await redis.run_on(lambda connection: self.source.apply(connection, ToldVerb(self.verb, told)))
        except UnknownTasks as error:
            told({UNKNOWN: len(error.ids)})

    def _fitting(self, seen: Sequence[Change[Any]]) -> int:
        return sum(change.outcome in self.verb.states for change in seen)


@dataclass(frozen=True, slots=True)
class MatchingTasks:
    """Tasks that match a filter."""

    wanted: Filter
    verb: Verb[StrEnum]

    async def count(self, redis: Redis) -> TargetCount:
        """Raises InvalidOption for a state in which the verb can do nothing."""
        for state in sorted(self.wanted.asked_states - {*self.verb.states}):
            raise InvalidOption("state", state.value, f"one of {', '.join(sorted(self.verb.states))}")
        return await self._count_on(0, None, redis)

    async def act(self, redis: Redis, _who: str, told: Told) -> None:
        source = Matching(self.wanted)
        await redis.run_on(lambda connection: source.apply(connection, ToldVerb(self.verb, told)))

    async def _count_on(self, counted: int, cursor: str | None, redis: Redis) -> TargetCount:
        wanted = self.wanted.also(StateIn(frozenset(self.verb.states)))
        found = await redis.ask(lambda: count_matching(redis.script_runner, wanted, LOOKS, cursor))
        number = counted + found.matched
        return TargetCount(number, go_on=None if found.is_exact else partial(self._count_on, number, found.cursor))


def _plain(verb: Verb[StrEnum]) -> _Make:
    def make(arguments: Mapping[str, Any]) -> Verb[StrEnum]:
        only(arguments)
        return verb

    return make


def _reprioritize(arguments: Mapping[str, Any]) -> Verb[StrEnum]:
    only(arguments, "priority")
    return reprioritization(whole_in(arguments, "priority"))


def _reschedule(arguments: Mapping[str, Any]) -> Verb[StrEnum]:
    only(arguments, "delay_s", "run_at_ms")
    delay_s = number_in(arguments, "delay_s", 0, LARGEST_RUN_AT_MS // 1_000)
    run_at_ms = number_in(arguments, "run_at_ms", 0, LARGEST_RUN_AT_MS)
    if (delay_s is None) == (run_at_ms is None):
        allowed = "either delay_s, in seconds from now on, or run_at_ms, in milliseconds since 1970"
        raise InvalidOption("arguments", dict(arguments), allowed)
    return rescheduling(delay_s, None if run_at_ms is None else run_at_ms / 1_000)


VERBS: Mapping[str, _Make] = {
    "cancel": _plain(Cancel()),
    "retry": _plain(Replay()),
    "discard": _plain(Discard()),
    "run_now": _plain(RUN_NOW),
    "reprioritize": _reprioritize,
    "reschedule": _reschedule,
    "delete": _plain(Delete()),
}
"""The actions on tasks, each with what makes its verb of its arguments."""


def tasks_of(request: ActionRequest, redis: Redis) -> NamedTasks | MatchingTasks:
    """The tasks of a request, and what is to be done to them. Raises InvalidOption, and Problem for a filter that asks
    for what is hidden.
    """
    verb = VERBS[request.action](request.arguments)
    if (request.filter is None) == (not request.ids):
        raise InvalidOption("filter", request.filter, "either a filter or ids")
    if request.filter is None:
        ids = [check_id("ids", id) for id in request.ids]
        return NamedTasks(Named([(id, request.queue or "") for id in ids]), verb)
    if request.queue is not None:
        raise InvalidOption("queue", request.queue, "given beside ids alone; a filter has queue:NAME")
    wanted = filter_in(request.filter, redis.redactor)
    if not wanted.conditions:
        raise InvalidOption("filter", request.filter, "a filter that says which tasks; for all of them: state:any")
    return MatchingTasks(wanted, verb)


def purge_of(request: ActionRequest, queue: str) -> MatchingTasks:
    """The tasks of a queue that are to be deleted: those that wait or are dead, or of the given states."""
    only(request.arguments, "states")
    states = state_list(request.arguments, "states", PURGED)
    return MatchingTasks(Filter((QueueIn.exactly(queue), StateIn(states))), Delete())
