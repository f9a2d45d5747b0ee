"""Sends completions to Redis: gathers them for about a millisecond, and settles all of one kind in one script call.

It does not gather if the worker has no other task.
"""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any

from redisched.counted import counted
from redisched.engine.completion import Completion, Settlement
from redisched.engine.event_teller import EventTeller
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.reporter import Reporter
from redisched.engine.service import FOREVER_S, RetryState, ShardBackoff
from redisched.engine.task_log import log_about
from redisched.engine.worker_context import WorkerContext
from redisched.errors import (
    AccessDenied,
    BrokerError,
    BrokerRefused,
    BrokerUnavailable,
    FormatTooNew,
    QueueFull,
    WrongKeyType,
)
from redisched.keys import shard_name
from redisched.model import DeathReason
from redisched.store.operation import AsyncClient, Operation, T, run_async
from redisched.store.store import Store
from redisched.store.values import Ack, Bury, Crash, FailedAttempt, Release, SnoozedTask, Status

BATCH = 200
"""One script call settles at most so many tasks."""
GATHER_S = 0.001
REFUSALS = {
    Status.LOST: (logging.WARNING, "is another worker's by now: {} refused"),
    Status.NOT_AGAIN: (logging.ERROR, "is lost: it may start only once, so its handler never starts again"),
}
"""What is logged if a completion was not settled as it says."""
_NEWS = frozenset({*REFUSALS, Status.BURIED})
"""What the log tells if Redis answers it."""


@dataclass(slots=True)
class _Lane:
    """The completions that wait to be settled in one shard."""

    store: Store
    shard_backoff: ShardBackoff
    completions: list[Completion] = field(default_factory=list)


class Settler:
    """Settles completions, and tries again if Redis does not answer or refuses. Every settlement is safe to repeat.

    A shard that does not answer delays only its own completions.
    """

    def __init__(
        self, context: WorkerContext, client: AsyncClient, reporter: Reporter, events: EventTeller | None = None
    ) -> None:
        self._context = context
        self._client = client
        self._events = events
        self._reporter = reporter
        self._waiting: list[Completion] = []
        self._shard_backoffs: dict[Store, ShardBackoff] = {}
        self._lanes: dict[Store, _Lane] = {}
        """The shards that have something to settle."""
        self._flushed: asyncio.Future[None] | None = None
        self._try_s: float | None = None
        self._trying: asyncio.Timeout | None = None
        self.changed = asyncio.Event()
        self.ends: Counter[type[Settlement]] = Counter()
        """How many tasks were settled, by kind of settlement."""

    def add(self, outcome: Completion) -> None:
        """Take a completion; it is settled soon."""
        if outcome.settlement is None:
            log_about(logging.WARNING, outcome.task, "has lost its lease to another worker")
            self._context.in_flight.remove(outcome.task)
            if self._events is not None:
                self._events.forget(outcome.task)
            return
        if not self._waiting:
            self.changed.set()
        self._waiting.append(outcome)

    def limit_tries(self, try_s: float) -> None:
        """Allow each call only `try_s` seconds from now on, also the one that is running. Used while the worker stops:
        a call without a reply has to be repeated soon on another connection.
        """
        self._try_s = try_s
        if self._trying is not None:
            self._trying.reschedule(asyncio.get_running_loop().time() + try_s)

    async def flush(self) -> None:
        """Wait until nothing is left to settle."""
        while self._waiting or self._lanes:
            self._flushed = asyncio.get_running_loop().create_future()
            await self._flushed

    async def step(self) -> float:
        """Settle the completions that wait; answers how long to wait, in seconds."""
        most = BATCH * self._context.idle_factor
        # If these are all tasks that this worker has, there is none to wait for, and callers may wait for these.
        if 0 < len(self._waiting) < min(most, len(self._context.in_flight)):
            await asyncio.sleep(GATHER_S)
        batch, self._waiting = self._waiting[:most], self._waiting[most:]
        self._put_in_lanes(batch)
        now_s = self._context.clock.monotonic()
        for lane in list(self._lanes.values()):
            if lane.shard_backoff.remaining_s(now_s) == 0.0:
                await self._settle_all(lane)
        if self._flushed is not None and not self._flushed.done():
            self._flushed.set_result(None)
        return 0.0 if self._waiting else self._until_next_try_s()

    def _put_in_lanes(self, batch: Iterable[Completion]) -> None:
        store_of = self._context.store_of
        # Tasks that ended one after the other are mostly of the same shard.
        for _shard, outcomes in groupby(batch, _shard_of):
            together = list(outcomes)
            store = store_of(together[0].task)
            lane = self._lanes.get(store)
            if lane is None:
                lane = self._lanes[store] = _Lane(store, self._shard_backoff(store))
            lane.completions += together

    def _shard_backoff(self, store: Store) -> ShardBackoff:
        shard_backoff = self._shard_backoffs.get(store)
        if shard_backoff is None:
            backoff = self._context.worker_settings.reconnect_backoff
            retry_state = RetryState(
                f"settler of {shard_name(store.queue, store.shard)}", backoff, self._context.random
            )
            shard_backoff = self._shard_backoffs[store] = ShardBackoff(retry_state)
        return shard_backoff

    def _until_next_try_s(self) -> float:
        now_s = self._context.clock.monotonic()
        return min((lane.shard_backoff.remaining_s(now_s) for lane in self._lanes.values()), default=FOREVER_S)

    async def _settle_all(self, lane: _Lane) -> None:
        """Settle the completions of a lane. Those that Redis does not accept stay in it and are tried again. A task
        that has run must not run a second time because of an outage, missing rights or a key of a wrong type.
        """
        failure: BrokerError | None = None
        batches, lane.completions = deque(_batches(lane.completions)), []
        while batches:
            batch = batches.popleft()
            try:
                await self._settle(lane.store, batch)
            except BrokerRefused as error:
                failure = error
                if len(batch) == 1 or isinstance(error, AccessDenied | FormatTooNew | WrongKeyType):
                    lane.completions += batch
                else:
                    # Maybe Redis refuses only one of them, so the batch is halved.
                    half = len(batch) // 2
                    batches.extendleft((batch[half:], batch[:half]))
            except BrokerError as error:
                failure = error
                lane.completions += chain(batch, *batches)
                batches.clear()
        if failure is not None:
            lane.shard_backoff.failed(failure, self._context.clock.monotonic())
        else:
            lane.shard_backoff.ended()
            del self._lanes[lane.store]

    async def _settle(self, store: Store, batch: Sequence[Completion]) -> None:
        """Settle completions of one kind."""
        first = batch[0].settlement
        assert first is not None
        kind = type(first)
        tasks = [outcome.task for outcome in batch]
        if told := [task for task in tasks if task.report is not None]:
            await self._report(store, told)
        statuses = await self._in_time(edge_of(store, kind)([outcome.settlement for outcome in batch]))
        self._context.contact()
        self.ends[kind] += len(batch)
        self._context.tally.settled(store.queue, kind, tasks, statuses)
        self._context.in_flight.remove(*tasks)
        if self._events is None and _NEWS.isdisjoint(statuses):
            return
        for outcome, status in zip(batch, statuses, strict=True):
            if status in REFUSALS:
                level, said = REFUSALS[status]
                log_about(level, outcome.task, said.format(kind.__name__))
            elif status is Status.BURIED and kind is not Bury:
                log_about(logging.ERROR, outcome.task, f"is dead, {DeathReason.DEADLINE}")
            if self._events is not None:
                self._events.settled(outcome, status)

    async def _report(self, store: Store, tasks: Sequence[LeasedTask]) -> None:
        """Send what their handlers told last: after the settlement the worker has no lease. The settlement does not
        wait for a Redis that refuses the reports.
        """
        try:
            await self._in_time(self._reporter.sending(store, tasks))
        except (BrokerRefused, QueueFull) as error:
            log.debug("settler: the last reports of %s are lost: %s", counted(len(tasks), "task"), error)
        for task in tasks:
            if task.report is not None:
                task.report.close()

    async def _in_time(self, operation: Operation[T]) -> T:
        try:
            async with asyncio.timeout(self._try_s) as self._trying:
                return await run_async(operation, self._client)
        except TimeoutError as error:
            raise BrokerUnavailable("no answer while the worker stops", self._try_s or 0.0) from error
        finally:
            self._trying = None


def _shard_of(outcome: Completion) -> tuple[str, int]:
    return outcome.task.queue, outcome.task.shard


def _batches(completions: Iterable[Completion]) -> Iterator[list[Completion]]:
    """Completions of one kind each, as many as one call settles."""
    groups: dict[type, list[Completion]] = defaultdict(list)
    for outcome in completions:
        groups[type(outcome.settlement)].append(outcome)
    for group in groups.values():
        for first in range(0, len(group), BATCH):
            yield group[first : first + BATCH]


def edge_of(store: Store, kind: type[Settlement]) -> Callable[[Sequence[Any]], Operation[list[Status]]]:
    """The method of a store that settles this kind."""
    edge: Callable[[Sequence[Any]], Operation[list[Status]]] = getattr(store, _EDGES[kind])
    return edge


_EDGES: dict[type[Settlement], str] = {
    Ack: "ack",
    FailedAttempt: "retry",
    SnoozedTask: "snooze",
    Crash: "crash",
    Bury: "bury",
    Release: "release",
}
