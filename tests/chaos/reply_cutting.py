"""A run of operations that uses every edge, in which one reply can be cut, and what is in Redis afterwards.

Every call is made as in production: through the public methods of a producer, and through the store's edges
under `with_retries`, by the blocking or the asyncio client. Two runs can be compared to the byte: ids are given, the
server's time moves only by the steps of the run, and tokens follow from the time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from redisched.backoff import Backoff
from redisched.client.request import TaskRequest
from redisched.client.scheduler import Scheduler
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.operation import Operation, RetryPolicy, run, run_async, with_retries
from redisched.store.store import Store
from redisched.store.values import (
    Ack,
    Bury,
    ClaimRequest,
    FailedAttempt,
    ForgetLimits,
    Lease,
    Orphan,
    ReapRequest,
    Release,
    Renewal,
    Status,
)
from tests.server_time import NOW_MS, ServerTime

T = TypeVar("T")
QUEUE = "mail"
LEASE_MS = 30_000
HOUR_MS = 3_600_000
CRASH_LIMIT = 2
FORGETTING = ForgetLimits(limit=2, dead_retention_ms=2 * HOUR_MS)
AT_ONCE = Backoff(base_s=1e-6, cap_s=1e-6)
RETRY_POLICY = RetryPolicy(
    began_s=0.0, total_s=60.0, try_s=0.0, backoff=AT_ONCE, monotonic=lambda: 0.0, random=lambda: 0.0
)


class Manner(Protocol):
    """How the calls of a run are made: blocking, or under asyncio."""

    def edge(self, make: Callable[[], Operation[T]]) -> Awaitable[T]:
        """Repeat an edge until Redis answers."""

    def call(self, method: Callable[..., T], *arguments: Any, **options: Any) -> Awaitable[T]:
        """Call a public method, or its async twin."""


class Blocking:
    """The calls of a program without an event loop, made in a thread of their own."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def edge(self, make: Callable[[], Operation[T]]) -> T:
        return run(with_retries(make, RETRY_POLICY), self._broker.client())

    async def call(self, method: Callable[..., T], *arguments: Any, **options: Any) -> T:
        return await asyncio.to_thread(method, *arguments, **options)


class Asyncio:
    """The calls of a program with an event loop."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def edge(self, make: Callable[[], Operation[T]]) -> T:
        return await run_async(with_retries(make, RETRY_POLICY), self._broker.async_client())

    async def call(self, method: Callable[..., T], *arguments: Any, **options: Any) -> T:
        twin = getattr(getattr(method, "__self__"), f"{method.__name__}_async")  # noqa: B009 - any method has one
        answer: T = await twin(*arguments, **options)
        return answer


class Story:
    """One run, or a part of it. Each chapter begins an hour after the one before, with the tasks that it left."""

    def __init__(self, broker: Broker, manner: Manner, time: ServerTime) -> None:
        self._app = Scheduler(broker=broker)
        self._store = Store(broker.script_runner, QUEUE)
        self._manner = manner
        self._time = time

    async def tell(self, chapters: range) -> None:
        """Perform these chapters."""
        for number in chapters:
            self._time.move_to(NOW_MS + number * HOUR_MS)
            chapter = f"c{number:02}"
            await self._produce(chapter)
            await self._work(chapter)
            await self._crash(chapter)
            await self._tidy(chapter)

    async def _produce(self, chapter: str) -> None:
        first = self._request(f"{chapter}-first")
        await self._send(first)
        await self._send(first)
        # A chunk is limited to two tasks, so that the tasks are sent as a pipeline.
        await self._send(*(self._request(f"{chapter}-{number}", priority=number % 3) for number in range(7)))
        await self._send(self._request(f"{chapter}-later", delay=86_400))
        await self._manner.call(self._app.ref(f"{chapter}-0", QUEUE).cancel)

    async def _work(self, chapter: str) -> None:
        done, failed, hopeless, unwanted, *others = await self._claim("worker-1", chapter, limit=7)
        renewals = [Renewal(lease.id, lease.token, self._time.now_ms) for lease in (done, failed, hopeless)]
        await self._expect(lambda: self._store.renew(LEASE_MS, renewals), Status.RENEWED)
        await self._manner.call(self._app.ref(unwanted.id, QUEUE).cancel)
        asked = [Renewal(unwanted.id, unwanted.token, 0)]
        await self._expect(lambda: self._store.renew(LEASE_MS, asked), Status.CANCELLING)
        acks = [Ack(lease.id, lease.token, HOUR_MS, b"digest-1end") for lease in (done, unwanted)]
        await self._expect(lambda: self._store.ack(acks), Status.ACKED, Status.ALREADY)
        retries = [FailedAttempt(failed.id, failed.token, 1_000, b"boom")]
        await self._expect(lambda: self._store.retry(retries), Status.RETRIED, Status.ALREADY)
        burials = [Bury(hopeless.id, hopeless.token, b"boom")]
        await self._expect(lambda: self._store.bury(burials), Status.BURIED, Status.ALREADY)
        releases = [Release(lease.id, lease.token, at * 20) for at, lease in enumerate(others)]
        await self._expect(lambda: self._store.release(releases), Status.RELEASED, Status.LOST)

    async def _crash(self, chapter: str) -> None:
        """A host is lost and its leases end; a process dies and its supervisor notices it."""
        await self._claim("worker-2", chapter, limit=2)
        self._time.advance(LEASE_MS)
        await self._manner.edge(lambda: self._store.reap(self._reaping))
        died = await self._claim("worker-3", chapter, limit=2)
        orphans = [Orphan(lease.id, lease.token, 1) for lease in died]
        await self._expect(
            lambda: self._store.recover("worker-3", CRASH_LIMIT, b"crashed", orphans),
            *(Status.RECOVERED, Status.QUARANTINED, Status.LOST),
        )

    async def _tidy(self, chapter: str) -> None:
        await self._manner.edge(lambda: self._store.revive([f"{chapter}-4", f"{chapter}-first"]))
        # As a worker does: a repeated call forgets the next tasks, and all tasks are forgotten in the end.
        while (await self._manner.edge(lambda: self._store.forget(FORGETTING))).tasks >= 2:
            pass
        assert await self._manner.call(self._app.ref(f"{chapter}-later", QUEUE).status) is TaskState.SCHEDULED

    @property
    def _reaping(self) -> ReapRequest:
        # No worker has reaped for a while, but there shall be no grace.
        return ReapRequest(
            worker="worker-1",
            hold_ms=LEASE_MS,
            grace_ms=0,
            limit=9,
            crash_limit=CRASH_LIMIT,
            failure=b"crashed",
            lease_ms=LEASE_MS,
        )

    def _request(self, id: str, **options: Any) -> TaskRequest:
        return self._app.request("send", id, queue=QUEUE, id=id, **options)

    async def _send(self, *requests: TaskRequest) -> None:
        await self._manner.call(self._app.enqueue_many, requests)

    async def _claim(self, worker: str, nonce: str, limit: int) -> list[Lease]:
        request = ClaimRequest(worker=worker, nonce=nonce, limit=limit, ahead_ms=20, ahead_limit=2, lease_ms=LEASE_MS)
        return (await self._manner.edge(lambda: self._store.claim(request))).leases

    async def _expect(self, make: Callable[[], Operation[Sequence[Status]]], *expected: Status) -> None:
        """The first status is that of a call that arrives once, the others those of a call that arrives again."""
        statuses = await self._manner.edge(make)
        assert set(statuses) <= set(expected), statuses
