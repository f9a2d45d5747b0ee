"""Carries verdicts out: gathers them for about a millisecond, and settles each kind in one script call."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from redisched.engine.link import FOREVER_S, log
from redisched.engine.verdict import Settlement, Verdict
from redisched.engine.workspace import Workspace
from redisched.errors import BrokerRefused
from redisched.store.operation import AsyncClient, Operation, run_async
from redisched.store.store import Store
from redisched.store.values import Ack, Bury, Crash, Retry, Status

BATCH = 200
"""Settlements per script call at most."""
GATHER_S = 0.001


class Settler:
    """Settles verdicts, and goes on trying while Redis cannot be reached: every settlement is safe to repeat."""

    def __init__(self, workspace: Workspace, client: AsyncClient, on_settled: Callable[[], None]) -> None:
        self._workspace = workspace
        self._client = client
        self._on_settled = on_settled
        self._waiting: list[Verdict] = []
        self._batch: list[Verdict] = []
        self._flushed: asyncio.Future[None] | None = None
        self.changed = asyncio.Event()

    def add(self, outcome: Verdict) -> None:
        """Take a verdict; it is settled soon."""
        if outcome.settlement is None:
            log.warning("task %s of queue %s: its lease was lost", outcome.held.lease.id, outcome.held.queue)
            self._workspace.holdings.remove(outcome.held)
            return
        self._waiting.append(outcome)
        if len(self._waiting) == 1:
            self.changed.set()

    async def flush(self) -> None:
        """Wait until nothing is left to settle."""
        while self._waiting or self._batch:
            self._flushed = asyncio.get_running_loop().create_future()
            await self._flushed

    async def step(self) -> float:
        """Settle what has gathered. A batch that Redis did not answer is tried again, whole."""
        if not self._batch:
            most = BATCH * self._workspace.widest_stretch
            if 0 < len(self._waiting) < most:
                await asyncio.sleep(GATHER_S)
            self._batch, self._waiting = self._waiting[:most], self._waiting[most:]
        groups: dict[tuple[Store, type[Settlement]], list[Verdict]] = defaultdict(list)
        for outcome in self._batch:
            if outcome.settlement is not None:
                groups[self._workspace.store_of(outcome.held), type(outcome.settlement)].append(outcome)
        for (store, kind), group in groups.items():
            for first in range(0, len(group), BATCH):
                await self._settle(store, kind, group[first : first + BATCH])
        self._batch = []
        self._on_settled()
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)
        return 0.0 if self._waiting else FOREVER_S

    async def _settle(self, store: Store, kind: type[Settlement], group: list[Verdict]) -> None:
        try:
            statuses = await run_async(edge_of(store, kind)([outcome.settlement for outcome in group]), self._client)
        except BrokerRefused as error:
            log.error("%s of %d tasks of queue %s: %s", kind.__name__, len(group), store.queue, error)
            statuses = [Status.LOST] * len(group)
        for outcome, status in zip(group, statuses, strict=True):
            self._workspace.holdings.remove(outcome.held)
            if status is Status.LOST:
                log.warning("task %s of queue %s: %s refused", outcome.held.lease.id, store.queue, kind.__name__)


def edge_of(store: Store, kind: type[Settlement]) -> Callable[[Sequence[Any]], Operation[list[Status]]]:
    """By which settlements of a kind are carried out."""
    if kind is Ack:
        return store.ack
    if kind is Retry:
        return store.retry
    if kind is Crash:
        return store.crash
    return store.bury if kind is Bury else store.release
