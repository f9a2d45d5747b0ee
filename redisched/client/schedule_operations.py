"""What is done to schedules by calls, as operations. Each is safe to repeat."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from redisched.client.connection import Connection
from redisched.client.reference import TaskRef
from redisched.client.schedule_view import FoundSchedule, ScheduleView, views_of
from redisched.client.scheduling import Applications, Given, redefine
from redisched.errors import BrokerUnavailable, DuplicateSchedule, InvalidOption, ShardMapDamaged, UnknownSchedule
from redisched.identity import next_id
from redisched.placement import id_besides_slots
from redisched.printable import shell_argument
from redisched.routing.shard_router import MOST_SHARD_MAPS, ShardRouter
from redisched.schedules.definition import Definition
from redisched.schedules.firing import next_slot_ms, slots_to_fire
from redisched.store.inspect import queues
from redisched.store.operation import Operation, T, with_retries
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import (
    ALIVE_MS,
    NewSchedule,
    Resumption,
    ScheduleRemoval,
    ScheduleState,
    ScheduleStatus,
)
from redisched.store.store import Store
from redisched.store.values import NewTask

FIRST_AHEAD_MS = 15_000
"""The first slots of a schedule, up to so far ahead, are fired by the call that adds it."""
_TRIES = 10


def add(connection: Connection, name: str, queue: str, definition: Definition) -> Operation[None]:
    """Add a schedule; if the same was added before, nothing changes. Raises DuplicateSchedule."""
    router = ShardRouter(connection)
    shard_map = yield from router.current(queue, connection.retry_policy())
    version = next_id()
    for _ in range(MOST_SHARD_MAPS):
        found = yield from _find_in(connection, queue, name)
        if found is not None and found.stored.version != version:
            if found.definition is not None and found.definition.identity() == definition.identity():
                return
            raise DuplicateSchedule(name, queue)
        store = ScheduleStore(connection.script_runner, queue, shard_map.shard_of(name))
        now_ms = yield from _retrying(connection, store.now_ms)
        row = NewSchedule(name, "", version, definition.encode(), _text(definition.timing.next_after_ms(now_ms)))
        (status,) = yield from _retrying(connection, partial(store.set, [row], shard_map))
        if status is ScheduleStatus.STORED:
            yield from _fire_first(connection, store, name)
            return
        if status is ScheduleStatus.STALE_SHARD_MAP:
            shard_map = yield from router.newer(queue, shard_map, connection.retry_policy())
    raise ShardMapDamaged(queue, connection.store(queue).keys.layout, str(shard_map))


def change(
    application: Applications, connection: Connection, name: str, queue: str | None, given: Given
) -> Operation[None]:
    """Change what a schedule is. Raises UnknownSchedule, and what `redefine` raises."""

    def row(found: FoundSchedule) -> Operation[ScheduleStatus]:
        before = found.definition
        named = replace(given, handler=before.task.handler)
        definition = redefine(application, found.queue, before, named)
        if definition.timing == before.timing:
            slot_ms = next_slot_ms(found.stored, definition, found.now_ms)
        else:
            slot_ms = definition.timing.next_after_ms(found.now_ms)
        changed = NewSchedule(name, found.stored.version, next_id(), definition.encode(), _text(slot_ms))
        (status,) = yield from found.store.set([changed])
        if status is ScheduleStatus.STORED:
            yield from _fire_first(connection, found.store, name)
        return status

    yield from _act(connection, name, queue, row)


def pause(connection: Connection, name: str, queue: str | None) -> Operation[None]:
    """Let a schedule fire no more. Raises UnknownSchedule."""

    def act(found: FoundSchedule) -> Operation[ScheduleStatus]:
        return (yield from found.store.pause([name]))[0]

    yield from _act(connection, name, queue, act)


def resume(connection: Connection, name: str, queue: str | None) -> Operation[None]:
    """Let a paused schedule fire again, from its next slot on. Raises UnknownSchedule."""

    def act(found: FoundSchedule) -> Operation[ScheduleStatus]:
        slot = _text(found.definition.timing.next_after_ms(found.now_ms))
        (status,) = yield from found.store.resume([Resumption(name, found.stored.version, slot)])
        if status is ScheduleStatus.RESUMED:
            yield from _fire_first(connection, found.store, name)
        return status

    yield from _act(connection, name, queue, act)


def remove(connection: Connection, name: str, queue: str | None) -> Operation[None]:
    """Remove a schedule, also one that cannot be read here. Raises UnknownSchedule, and InvalidOption if code that runs
    now declares it.
    """

    def act(found: FoundSchedule) -> Operation[ScheduleStatus]:
        is_damaged = found.stored.state is ScheduleState.DAMAGED
        if (application := found.application) and not is_damaged:
            seen_ms = yield from ScheduleStore(connection.script_runner, found.queue).seen_ms(application)
            if found.now_ms - seen_ms < ALIVE_MS:
                allowed = f"one that no code declares; workers of {application} do, so pause it, or remove it there"
                raise InvalidOption("name", name, allowed)
        return (yield from found.store.remove([ScheduleRemoval(name, found.stored.version)]))[0]

    yield from _act(connection, name, queue, act)


def run_now(connection: Connection, name: str, queue: str | None) -> Operation[TaskRef[Any]]:
    """Enqueue one task of a schedule, due now. Raises UnknownSchedule."""
    found = yield from find(connection, name, queue)
    task, run_at_ms = found.definition.task, found.now_ms
    run_id = id_besides_slots(name, run_at_ms, next_id())
    new = NewTask(run_id, task.priority, f"@{run_at_ms}", task.record, task.traits_at(run_at_ms))
    store = Store(connection.script_runner, found.queue, found.store.shard)
    try:
        yield from _retrying(connection, partial(store.enqueue, [new]))
    except BrokerUnavailable as error:
        # Another call would give its task another id.
        raise error.advising(
            run_id, f"see whether it is there: redisched task show {shell_argument(run_id)}"
        ) from error
    return TaskRef(new.id, found.queue, connection, True)


def find(connection: Connection, name: str, queue: str | None) -> Operation[FoundSchedule]:
    """A schedule by its name. Raises UnknownSchedule, and InvalidOption if several queues have one of this name."""
    known = [queue] if queue else (yield from _retrying(connection, partial(queues, connection.script_runner)))
    found: list[FoundSchedule] = []
    for of_queue in known:
        one = yield from _find_in(connection, of_queue, name)
        found += [] if one is None else [one]
    if not found:
        raise UnknownSchedule(name)
    if len(found) > 1:
        names = ", ".join(one.queue for one in found)
        raise InvalidOption("queue", queue, f"one of {names}, which all have a schedule {name!r}")
    return found[0]


def every(connection: Connection, queue: str | None) -> Operation[list[ScheduleView]]:
    """All schedules that can be read, of one queue or of all, sorted by queue and name."""
    found = yield from every_stored(connection, queue)
    return views_of(found, connection.settings.payload_limit)


def stored_page(
    connection: Connection, queue_names: Sequence[str], after: tuple[str, str], limit: int
) -> Operation[tuple[list[FoundSchedule], bool]]:
    """The schedules of these queues that follow a queue and a name, at most `limit` of them, sorted by both, and
    whether more follow. Only the names of others are read.
    """
    found: list[FoundSchedule] = []
    for queue in (name for name in queue_names if name >= after[0]):
        shard_map = yield from _retrying(connection, connection.store(queue).shard_map)
        stores = [ScheduleStore(connection.script_runner, queue, shard) for shard in range(shard_map.shards)]
        places: list[tuple[str, ScheduleStore]] = []
        for store in stores:
            places += [(name, store) for name in (yield from _retrying(connection, store.names))]
        places = sorted((one for one in places if (queue, one[0]) > after), key=lambda one: one[0])
        for name, store in places[: limit + 1 - len(found)]:
            now_ms, stored = yield from _retrying(connection, partial(store.read, [name]))
            found += [FoundSchedule(queue, store, one, now_ms) for one in stored]
        if len(found) > limit:
            return found[:limit], True
    return found, False


def every_stored(connection: Connection, queue: str | None) -> Operation[list[FoundSchedule]]:
    """All schedules, of one queue or of all, sorted by queue and name. Some may not be readable."""
    known = [queue] if queue else (yield from _retrying(connection, partial(queues, connection.script_runner)))
    found: list[FoundSchedule] = []
    for of_queue in known:
        shard_map = yield from _retrying(connection, connection.store(of_queue).shard_map)
        now_ms = yield from _retrying(connection, ScheduleStore(connection.script_runner, of_queue).now_ms)
        for shard in range(shard_map.shards):
            store = ScheduleStore(connection.script_runner, of_queue, shard)
            stored = yield from _retrying(connection, store.all)
            found += [FoundSchedule(of_queue, store, schedule, now_ms) for schedule in stored]
    return sorted(found, key=lambda one: (one.queue, one.stored.name))


def _act(
    connection: Connection, name: str, queue: str | None, act: Callable[[FoundSchedule], Operation[ScheduleStatus]]
) -> Operation[None]:
    """Find a schedule and act on it, again if it was changed between the two."""
    for _ in range(_TRIES):
        found = yield from find(connection, name, queue)
        status = yield from _retrying(connection, partial(act, found))
        if status is ScheduleStatus.UNKNOWN and found.stored.state is ScheduleState.DAMAGED:
            told = "one that is whole; what is stored of its state is damaged, so it can only be removed"
            raise InvalidOption("name", name, told)
        if status is ScheduleStatus.UNKNOWN:
            raise UnknownSchedule(name)
        if status is not ScheduleStatus.CHANGED:
            return
    raise InvalidOption("name", name, "a schedule that is not changed all the time; try again")


def _find_in(connection: Connection, queue: str, name: str) -> Operation[FoundSchedule | None]:
    shard_map = yield from _retrying(connection, connection.store(queue).shard_map)
    for shard in shard_map.possible_shards(name):
        store = ScheduleStore(connection.script_runner, queue, shard)
        now_ms, stored = yield from _retrying(connection, partial(store.read, [name]))
        if stored:
            return FoundSchedule(queue, store, stored[0], now_ms)
    return None


def _fire_first(connection: Connection, store: ScheduleStore, name: str) -> Operation[None]:
    """Fire the slots that come so soon that workers may notice the schedule too late."""
    now_ms, stored = yield from store.read([name])
    for schedule in stored:
        if schedule.state is ScheduleState.ACTIVE:
            firings = slots_to_fire(schedule, Definition.decode(schedule.definition), now_ms, FIRST_AHEAD_MS)
            if firings:
                yield from _retrying(connection, partial(store.fire, firings))


def _text(slot_ms: int | None) -> int | str:
    return "" if slot_ms is None else slot_ms


def _retrying(connection: Connection, make: Callable[[], Operation[T]]) -> Operation[T]:
    return with_retries(make, connection.retry_policy())
