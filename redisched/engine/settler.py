"""Carries verdicts out: gathers them for about a millisecond, and settles each kind in one script call."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redisched.engine import verdict
from redisched.engine.held import Held
from redisched.engine.link import FOREVER_S, Absence, Outage
from redisched.engine.logs import log
from redisched.engine.task_log import tell
from redisched.engine.verdict import Settlement, Verdict
from redisched.engine.workspace import Workspace
from redisched.errors import BrokerError, BrokerRefused
from redisched.keys import shard_name
from redisched.store.operation import AsyncClient, Operation, run_async
from redisched.store.store import Store
from redisched.store.values import Ack, Bury, Crash, Retry, Status

BATCH = 200
"""Settlements per script call at most."""
GATHER_S = 0.001


@dataclass(slots=True)
class _Lane:
    """What is to be settled in one shard."""

    store: Store
    absence: Absence
    verdicts: list[Verdict] = field(default_factory=list)


class Settler:
    """Settles verdicts, and goes on trying while Redis cannot be reached: every settlement is safe to repeat.

    A shard that does not answer keeps its verdicts waiting, and no other's.
    """

    def __init__(self, workspace: Workspace, client: AsyncClient, on_settled: Callable[[], None]) -> None:
        self._workspace = workspace
        self._client = client
        self._on_settled = on_settled
        self._waiting: list[Verdict] = []
        self._lanes: dict[Store, _Lane] = {}
        self._flushed: asyncio.Future[None] | None = None
        self.changed = asyncio.Event()
        self.ends: Counter[type[Settlement]] = Counter()
        """How many tasks have left this worker, and how."""

    def add(self, outcome: Verdict) -> None:
        """Take a verdict; it is settled soon."""
        if outcome.settlement is None:
            tell(logging.WARNING, outcome.held, "has lost its lease to another worker")
            self._workspace.holdings.remove(outcome.held)
            return
        self._waiting.append(outcome)
        if len(self._waiting) == 1:
            self.changed.set()

    def give_back(self, leases: Iterable[Held]) -> None:
        """Let others run tasks for which there is no slot here any more; giving them back wakes a worker."""
        for held in leases:
            self._workspace.holdings.add(held)
            self.add(verdict.released(held))

    async def flush(self) -> None:
        """Wait until nothing is left to settle."""
        while self._waiting or any(lane.verdicts for lane in self._lanes.values()):
            self._flushed = asyncio.get_running_loop().create_future()
            await self._flushed

    async def step(self) -> float:
        """Settle what has gathered; answers how long nothing needs to be done, in seconds."""
        most = BATCH * self._workspace.widest_stretch
        if 0 < len(self._waiting) < most:
            await asyncio.sleep(GATHER_S)
        batch, self._waiting = self._waiting[:most], self._waiting[most:]
        for outcome in batch:
            self._lane(self._workspace.store_of(outcome.held)).verdicts.append(outcome)
        now_s = self._workspace.clock.monotonic()
        for lane in self._lanes.values():
            if lane.verdicts and lane.absence.remaining_s(now_s) == 0.0:
                await self._settle_all(lane)
        self._on_settled()
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)
        return 0.0 if self._waiting else self._until_next_try_s()

    def _lane(self, store: Store) -> _Lane:
        lane = self._lanes.get(store)
        if lane is None:
            backoff = self._workspace.worker_settings.reconnect_backoff
            outage = Outage(f"settler of {shard_name(store.queue, store.shard)}", backoff, self._workspace.random)
            lane = self._lanes[store] = _Lane(store, Absence(outage))
        return lane

    def _until_next_try_s(self) -> float:
        now_s = self._workspace.clock.monotonic()
        return min(
            (lane.absence.remaining_s(now_s) for lane in self._lanes.values() if lane.verdicts), default=FOREVER_S
        )

    async def _settle_all(self, lane: _Lane) -> None:
        """Settle what is in a lane. What Redis did not answer stays there, whole, to be tried again."""
        groups: dict[type[Settlement], list[Verdict]] = defaultdict(list)
        for outcome in lane.verdicts:
            if outcome.settlement is not None:
                groups[type(outcome.settlement)].append(outcome)
        try:
            for kind, group in groups.items():
                for first in range(0, len(group), BATCH):
                    await self._settle(lane.store, kind, group[first : first + BATCH])
        except BrokerError as error:
            lane.absence.failed(error, self._workspace.clock.monotonic())
        else:
            lane.absence.ended()
            lane.verdicts = []
            for kind, group in groups.items():
                self.ends[kind] += len(group)

    async def _settle(self, store: Store, kind: type[Settlement], group: list[Verdict]) -> None:
        try:
            statuses = await run_async(edge_of(store, kind)([outcome.settlement for outcome in group]), self._client)
        except BrokerRefused as error:
            log.error("%s of %d tasks of queue %s: %s", kind.__name__, len(group), store.queue, error)
            statuses = [Status.LOST] * len(group)
        for outcome, status in zip(group, statuses, strict=True):
            self._workspace.holdings.remove(outcome.held)
            if status is Status.LOST:
                tell(logging.WARNING, outcome.held, f"is another worker's by now: {kind.__name__} refused")


def edge_of(store: Store, kind: type[Settlement]) -> Callable[[Sequence[Any]], Operation[list[Status]]]:
    """By which settlements of a kind are carried out."""
    if kind is Ack:
        return store.ack
    if kind is Retry:
        return store.retry
    if kind is Crash:
        return store.crash
    return store.bury if kind is Bury else store.release
