"""The schedules of one shard: the scripts that change them and those that read them, as typed methods."""

import re
from collections.abc import Iterable, Iterator, Sequence

from redisched.keys import declaring_key
from redisched.shard_map import ShardMap
from redisched.store.operation import Argument, Operation, ScriptRunner
from redisched.store.schedule_values import (
    NOBODY,
    Announcement,
    Declarer,
    NewSchedule,
    Resumption,
    ScheduleRemoval,
    ScheduleState,
    ScheduleStatus,
    SlotFiring,
    StoredSchedule,
)
from redisched.store.shard import ShardScripts, check_format
from redisched.store.store import Store

_PAGE = 100
_GENERATION = re.compile(rb" \S+ \d{1,9} (\d{1,15})(?= |$)")
_WHOLE = tuple(state.value for state in ScheduleState if state is not ScheduleState.DAMAGED)
_STATUSES = {status.value.encode(): status for status in ScheduleStatus}


class ScheduleStore:
    """The schedules of one shard of a queue. Methods return operations; each is safe to repeat."""

    def __init__(self, script_runner: ScriptRunner, queue: str, shard: int = 0) -> None:
        self.queue = queue
        self.shard = shard
        self._scripts = ShardScripts(script_runner, queue, shard)

    def fire(self, slots: Sequence[SlotFiring]) -> Operation[list[ScheduleStatus]]:
        """Enqueue the tasks of slots: FIRED, EXISTS, SKIPPED, NOT_DUE or MOVED for each. Slots of the same schedule
        stand in their order.
        """
        return _statuses_in((yield from self._scripts.call("fire", rows=slots)))

    def set(
        self, schedules: Sequence[NewSchedule], shard_map: ShardMap | None = None, declarer: Declarer = NOBODY
    ) -> Operation[list[ScheduleStatus]]:
        """Add or replace schedules: STORED, EXISTS, CHANGED or UNKNOWN for each, or for all of them SUPERSEDED or
        STALE_SHARD_MAP.
        """
        named = "" if shard_map is None else str(shard_map)
        arguments: dict[str, Argument] = {"shard_map": named, **declarer._asdict()}
        return _statuses_in((yield from self._scripts.call("set_schedule", arguments, schedules)))

    def remove(
        self, removals: Sequence[ScheduleRemoval], declarer: Declarer = NOBODY
    ) -> Operation[list[ScheduleStatus]]:
        """Remove schedules: REMOVED, CHANGED or UNKNOWN for each; SUPERSEDED for all."""
        return _statuses_in((yield from self._scripts.call("remove_schedule", declarer._asdict(), removals)))

    def pause(self, names: Sequence[str]) -> Operation[list[ScheduleStatus]]:
        """Let schedules fire no more: PAUSED, ALREADY or UNKNOWN for each."""
        return _statuses_in((yield from self._scripts.call("pause_schedule", rows=[(name,) for name in names])))

    def resume(self, resumptions: Sequence[Resumption]) -> Operation[list[ScheduleStatus]]:
        """Let paused schedules fire again: RESUMED, ALREADY, CHANGED or UNKNOWN for each."""
        return _statuses_in((yield from self._scripts.call("resume_schedule", rows=resumptions)))

    def announce(self, application: str, digest: str, alive_ms: int) -> Operation[Announcement]:
        """Note that a worker lives whose code declares schedules with this digest. For the queue's first shard only."""
        arguments: dict[str, Argument] = {"application": application, "digest": digest, "alive_ms": alive_ms}
        status, epoch = yield from self._scripts.call("announce", arguments)
        return Announcement(status == b"CURRENT", epoch.decode())

    def seen_ms(self, application: str) -> Operation[int]:
        """When a worker of an application was last alive (server ms), 0 for never. For the queue's first shard only."""
        stored = (yield ("HGET", self._scripts.keys.declared, application)) or b""
        return max((int(seen) for seen in _GENERATION.findall(stored)), default=0)

    def due(self, ahead_ms: int, offset: int, limit: int) -> Operation[tuple[int, list[StoredSchedule]]]:
        """The server's time (ms), and the schedules whose next slot comes within `ahead_ms`, the earliest first; the
        first `offset` of them are left out.
        """
        arguments: dict[str, Argument] = {"ahead_ms": ahead_ms, "offset": offset, "limit": limit}
        now_ms, *said = yield from self._scripts.call("read/due_schedules", arguments)
        parts = zip(said[0::4], said[1::4], said[2::4], said[3::4], strict=True)
        return int(now_ms), [one for one in _stored(parts) if one.state is not ScheduleState.DAMAGED]

    def read(self, names: Sequence[str]) -> Operation[tuple[int, list[StoredSchedule]]]:
        """The server's time (ms), and those schedules of these names that this shard has."""
        now_ms, *said = yield from self._scripts.call("read/schedules", rows=[(name,) for name in names])
        parts = zip((name.encode() for name in names), said[0::3], said[1::3], said[2::3], strict=True)
        return int(now_ms), list(_stored(parts))

    def now_ms(self) -> Operation[int]:
        """The server's time (ms)."""
        now_ms, _ = yield from self.read([])
        return now_ms

    def all(self) -> Operation[list[StoredSchedule]]:
        """Every schedule of this shard, sorted by name. One that is added or removed meanwhile may be missing."""
        return (yield from self.read_all((yield from self.names())))

    def read_all(self, names: Sequence[str]) -> Operation[list[StoredSchedule]]:
        """As `read`, of any number of names, in several calls."""
        found: list[StoredSchedule] = []
        for first in range(0, len(names), _PAGE):
            _now_ms, schedules = yield from self.read(names[first : first + _PAGE])
            found += schedules
        return found

    def names(self) -> Operation[list[str]]:
        """The names of all schedules of this shard, sorted; also of those that are damaged."""
        keys = self._scripts.keys
        found = yield from _fields_of(keys.fired)
        # What they are is larger than their state, so it is looked through only for one that has no state.
        if (yield ("HLEN", keys.schedules)) > len(found):
            found |= yield from _fields_of(keys.schedules)
        return sorted(found)


def declaring_queues(script_runner: ScriptRunner, application: str) -> Operation[list[str]]:
    """The queues for which the code of an application has ever declared schedules."""
    names = yield ("SMEMBERS", declaring_key(application, script_runner.prefix))
    return sorted(name.decode(errors="replace") for name in names)


def note_declaring(script_runner: ScriptRunner, application: str, queues: Sequence[str]) -> Operation[None]:
    """Note that the code of an application declares schedules for these queues."""
    yield ("SADD", declaring_key(application, script_runner.prefix), *queues)


def next_slots(script_runner: ScriptRunner, stores: Sequence[Store]) -> Operation[tuple[int, dict[Store, int]]]:
    """The server's time (ms), and the next slot of each shard that has one. One command must be able to name the keys
    of all these shards.
    """
    keys = [store.keys.firing for store in stores]
    now_ms, *said = yield from script_runner.call("read/next_slots", keys, ())
    return int(now_ms), {stores[shard - 1]: int(slot_ms) for shard, slot_ms in zip(said[0::2], said[1::2], strict=True)}


def _statuses_in(reply: Sequence[bytes]) -> list[ScheduleStatus]:
    if reply:
        check_format(reply[0])
    return [_STATUSES[status] for status in reply]


def _stored(parts: Iterable[tuple[bytes, bytes, bytes, bytes]]) -> Iterator[StoredSchedule]:
    for name, slot_ms, state, definition in parts:
        if not state and not definition:
            # There is none, or it was removed between two reads.
            continue
        words = state.decode(errors="replace").split(" ")
        if len(words) < 3 or words[1] not in _WHOLE:
            words = ["", ScheduleState.DAMAGED.value, "-"]
        version, kind, last_id, *ahead = words
        yield StoredSchedule(
            name=name.decode(errors="replace"),
            version=version,
            state=ScheduleState(kind),
            slot_ms=int(slot_ms) if slot_ms else None,
            last_id="" if last_id == "-" else last_id,
            ahead_ids=tuple(ahead[2::3]),
            definition=definition,
        )


def _fields_of(key: str) -> Operation[set[str]]:
    found: set[str] = set()
    cursor = b"0"
    while True:
        cursor, page = yield ("HSCAN", key, cursor, "COUNT", _PAGE)
        found.update(name.decode(errors="replace") for name in (page if isinstance(page, dict) else page[0::2]))
        if int(cursor) == 0:
            return found
