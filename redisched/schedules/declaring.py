"""Makes the schedules of a queue what an application's code declares. Others' schedules are left alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from redisched.errors import Undecodable
from redisched.identity import next_id
from redisched.schedules.declaration import Declaration
from redisched.schedules.definition import Definition
from redisched.schedules.firing import next_slot_ms
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import (
    Declarer,
    NewSchedule,
    ScheduleRemoval,
    ScheduleState,
    ScheduleStatus,
    StoredSchedule,
)
from redisched.store.store import Store

_TRIES = 5


@dataclass(slots=True)
class Declared:
    """What declaring did: the names of schedules that are new or changed, of removed ones, and of those whose names
    other applications have, or callers that added them.
    """

    stored: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    is_complete: bool = False
    """Whether every schedule is as declared. If not, a later deploy has declared its own meanwhile, or others have one
    of the names, or keep on changing them.
    """


@dataclass(frozen=True, slots=True)
class _Known:
    """A stored schedule, the shard that has it, and what it is; None if that cannot be read."""

    schedule: StoredSchedule
    store: ScheduleStore
    definition: Definition | None


def declare(
    script_runner: ScriptRunner, queue: str, declarations: Mapping[str, Declaration], declarer: Declarer
) -> Operation[Declared]:
    """Add and change the declared schedules of a queue, and remove those that the application declared before and
    declares no more. What is as declared stays as it is, also if it was changed by a call since.
    """
    for _ in range(_TRIES):
        declared = yield from _declare_once(script_runner, queue, declarations, declarer)
        if declared is not None:
            return declared
    # Others go on changing the same schedules.
    return Declared()


def _declare_once(
    script_runner: ScriptRunner, queue: str, declarations: Mapping[str, Declaration], declarer: Declarer
) -> Operation[Declared | None]:
    """As `declare`; None if a schedule or the shard map was changed meanwhile."""
    first = Store(script_runner, queue)
    shard_map = yield from first.shard_map()
    shard = partial(ScheduleStore, script_runner, queue)
    known = yield from _known(shard, shard_map.shards)
    now_ms = yield from shard(0).now_ms()
    declared = Declared()
    for name, declaration in declarations.items():
        found = known.get(name)
        store = found.store if found else shard(shard_map.shard_of(name))
        row = _row(declaration, found, now_ms)
        if found and (found.definition is None or found.definition.application != declarer.application):
            declared.foreign.append(name)
        elif row is not None:
            (status,) = yield from store.set([row], shard_map, declarer)
            if status is not ScheduleStatus.STORED:
                return _ended(declared, status)
            declared.stored.append(name)
    for name, found in known.items():
        is_own = found.definition is not None and found.definition.application == declarer.application
        if is_own and name not in declarations:
            removal = ScheduleRemoval(name, found.schedule.version)
            (status,) = yield from found.store.remove([removal], declarer)
            if status is not ScheduleStatus.REMOVED:
                return _ended(declared, status)
            declared.removed.append(name)
    declared.is_complete = not declared.foreign
    return declared


def _known(shard: Callable[[int], ScheduleStore], shards: int) -> Operation[dict[str, _Known]]:
    known = {}
    for number in range(shards):
        store = shard(number)
        # One that is damaged is declared anew.
        for schedule in (one for one in (yield from store.all()) if one.state is not ScheduleState.DAMAGED):
            known[schedule.name] = _Known(schedule, store, _definition_of(schedule))
    return known


def _definition_of(schedule: StoredSchedule) -> Definition | None:
    try:
        return Definition.decode(schedule.definition)
    except Undecodable:
        return None


def _row(declaration: Declaration, found: _Known | None, now_ms: int) -> NewSchedule | None:
    """What is to be stored for a declaration; None if the same was declared before."""
    definition = declaration.definition
    slot_ms = definition.timing.next_after_ms(now_ms)
    basis = ""
    if found is not None and found.definition is not None:
        if found.definition.declared == definition.declared:
            return None
        basis = found.schedule.version
        if found.definition.timing == definition.timing:
            slot_ms = next_slot_ms(found.schedule, definition, now_ms)
    slot = "" if slot_ms is None else slot_ms
    return NewSchedule(declaration.name, basis, next_id(), definition.encode(), slot)


def _ended(declared: Declared, status: ScheduleStatus) -> Declared | None:
    return declared if status is ScheduleStatus.SUPERSEDED else None
