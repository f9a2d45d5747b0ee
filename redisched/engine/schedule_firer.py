"""Fires the slots of schedules. Every worker does it for the shards it serves; none of them leads.

Slots are enqueued some seconds ahead, so that their tasks start on their millisecond, and so that another worker has
time to fire a slot whose worker has died. Two workers that fire the same slot do no harm: the second finds that the
schedule has gone on. A schedule that skips slots while its last task runs is fired when a slot is due. Then a worker
that has lost the latest race of a schedule leaves the winner a start, so that not all of them come every time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from redisched.engine.logs import log
from redisched.engine.refused_queues import RefusedQueues
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError, Undecodable
from redisched.schedules.definition import Definition, Overlap
from redisched.schedules.firing import slots_to_fire
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.operation import run_async
from redisched.store.schedule_store import ScheduleStore, next_slots
from redisched.store.schedule_values import OverlapRule, ScheduleStatus, SlotFiring, StoredSchedule
from redisched.store.store import Store
from redisched.store.survey import in_calls

INTERVAL_S = 5.0
LONGEST_INTERVAL_S = 30.0
CALLS = 16
"""With more commands than this for one look at all shards, a worker looks more seldom."""
AHEAD_INTERVALS = 3
"""Slots are enqueued so many intervals ahead."""
PAGE = 50
ROWS = 100
ROW_BYTES = 1024 * 1024
LOST_S = 0.5
"""A worker that lost the latest race of a schedule comes up to so much later to the next one."""
AGAIN_S = 0.002
_ADVANCED = frozenset({ScheduleStatus.FIRED, ScheduleStatus.EXISTS, ScheduleStatus.SKIPPED})


@dataclass(slots=True)
class _Awaited:
    """A schedule that is fired when its next slot is due, and at which monotonic moment this worker does it."""

    store: Store
    schedule: StoredSchedule
    definition: Definition
    at_s: float


@dataclass(slots=True)
class ScheduleFirer:
    """Looks for schedules in all shards of a worker, and fires their slots."""

    context: WorkerContext
    broker: Broker
    client: AsyncBrokerClient
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there may be new schedules."""
    _look_s: float = 0.0
    _awaited: dict[tuple[Store, str], _Awaited] = field(default_factory=dict)
    _lost: set[tuple[Store, str]] = field(default_factory=set)
    _unreadable: set[str] = field(default_factory=set)
    _refused: RefusedQueues = field(default_factory=lambda: RefusedQueues("schedules"))

    def look_soon(self) -> None:
        """Look at once, as schedules have been declared."""
        self._look_s = 0.0
        self.changed.set()

    async def step(self) -> float:
        """Fire what is to be fired now; answers how long to wait, in seconds."""
        if self.context.clock.monotonic() >= self._look_s:
            await self._look()
        now_s = self.context.clock.monotonic()
        due = [key for key, awaited in self._awaited.items() if awaited.at_s <= now_s]
        for key in due:
            await self._fire_due(key)
        next_s = min((awaited.at_s for awaited in self._awaited.values()), default=self._look_s)
        return max(AGAIN_S, min(next_s, self._look_s) - self.context.clock.monotonic())

    async def _look(self) -> None:
        calls = list(in_calls(self.context.stores.values(), self.broker.group_of))
        interval_s = min(LONGEST_INTERVAL_S, INTERVAL_S * max(1.0, len(calls) / CALLS))
        ahead_ms = round(AHEAD_INTERVALS * interval_s * 1e3)
        self._look_s = self.context.clock.monotonic() + interval_s * (1.0 - 0.2 * self.context.random())
        self._awaited.clear()
        failure: BrokerError | None = None
        for stores in calls:
            try:
                await self._look_at(stores, ahead_ms)
            except BrokerError as error:
                failure, self._look_s = error, 0.0
        if failure is not None:
            raise failure

    async def _look_at(self, stores: Sequence[Store], ahead_ms: int) -> None:
        """Fire the slots of some shards, those that one command can name."""
        now_ms, slots = await run_async(next_slots(self.broker.script_runner, stores), self.client)
        for store, slot_ms in slots.items():
            if slot_ms <= now_ms + ahead_ms:
                with self._refused.going_on(store.queue, store.shard):
                    await self.fire_shard(store, ahead_ms)

    async def fire_shard(self, store: Store, ahead_ms: int) -> bool:
        """Fire the slots of a shard up to `ahead_ms` from now, and note those that are fired when they are due. Answers
        whether any schedule has gone on.
        """
        schedules = ScheduleStore(self.broker.script_runner, store.queue, store.shard)
        stayed, has_fired = 0, False
        while True:
            now_ms, due = await run_async(schedules.due(ahead_ms, stayed, PAGE), self.client)
            firings: list[SlotFiring] = []
            for schedule in due:
                definition = self._definition_of(store, schedule)
                wanted = [] if definition is None else slots_to_fire(schedule, definition, now_ms, ahead_ms)
                firings += wanted
                stayed += not wanted
                if definition is not None and definition.overlap is Overlap.SKIP:
                    self._await(store, schedule, definition, wanted)
            has_advanced = False
            for batch in _batches(firings):
                statuses = await self._fire(store, schedules, batch)
                has_advanced = has_advanced or not _ADVANCED.isdisjoint(statuses)
            has_fired = has_fired or has_advanced
            if not has_advanced and len(due) < PAGE:
                return has_fired
            stayed += 0 if has_advanced else len(firings)

    def _await(
        self, store: Store, schedule: StoredSchedule, definition: Definition, fired: Sequence[SlotFiring]
    ) -> None:
        """Note when to fire the slot of a schedule that comes after those that are fired now."""
        following = fired[-1].following if fired else schedule.slot_ms
        if not isinstance(following, int):
            return
        key = (store, schedule.name)
        late_s = LOST_S * (0.1 + 0.9 * self.context.random()) if key in self._lost else 0.0
        at_s = self.context.server_clock.monotonic_at(following) + late_s
        if at_s < self._look_s:
            self._awaited[key] = _Awaited(store, schedule._replace(slot_ms=following), definition, at_s)

    async def _fire_due(self, key: tuple[Store, str]) -> None:
        awaited = self._awaited.pop(key)
        schedules = ScheduleStore(self.broker.script_runner, awaited.store.queue, awaited.store.shard)
        now_ms = int(self.context.server_now_ms())
        firings = slots_to_fire(awaited.schedule, awaited.definition, now_ms, 0)
        if not firings:
            awaited.at_s = self.context.clock.monotonic() + AGAIN_S
            self._awaited[key] = awaited
            return
        statuses = await self._fire(awaited.store, schedules, firings)
        if statuses[-1] in _ADVANCED:
            self._lost.discard(key)
            self._await(awaited.store, awaited.schedule, awaited.definition, firings)
        elif statuses[-1] is ScheduleStatus.MOVED:
            # Somebody else has fired it, or changed it. The next look finds where it stands.
            self._lost.add(key)

    async def _fire(
        self, store: Store, schedules: ScheduleStore, firings: Sequence[SlotFiring]
    ) -> list[ScheduleStatus]:
        statuses = await run_async(schedules.fire(firings), self.client)
        self.context.contact()
        for firing, status in zip(firings, statuses, strict=True):
            if firing.overlap is OverlapRule.PASS and status is ScheduleStatus.SKIPPED:
                log.warning("schedule %s of queue %s: late slots are left out", firing.name, store.queue)
            elif status is ScheduleStatus.SKIPPED:
                log.info("schedule %s of queue %s: the task before has not ended", firing.name, store.queue)
        return statuses

    def _definition_of(self, store: Store, schedule: StoredSchedule) -> Definition | None:
        """What a schedule is; None if this version cannot read it, which is logged once."""
        try:
            return Definition.decode(schedule.definition)
        except Undecodable as error:
            if schedule.version not in self._unreadable:
                self._unreadable.add(schedule.version)
                log.error("schedule %s of queue %s is not fired by this worker: %s", schedule.name, store.queue, error)
            return None


def _batches(firings: Sequence[SlotFiring]) -> list[list[SlotFiring]]:
    """The slots in their order, divided so that each part fits into one call."""
    batches: list[list[SlotFiring]] = []
    room = 0
    for firing in firings:
        room -= len(firing.record)
        if not batches or room < 0 or len(batches[-1]) >= ROWS:
            batches.append([])
            room = ROW_BYTES
        batches[-1].append(firing)
    return batches
