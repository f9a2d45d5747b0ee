"""Brings tasks forward that waited for a worker which understands them, when the first of a deployment starts."""

import asyncio
from collections.abc import Callable, Sequence

from redisched.codec import decode_task
from redisched.counted import counted
from redisched.engine.logs import log
from redisched.engine.service import FOREVER_S
from redisched.engine.worker_context import WorkerContext
from redisched.errors import Undecodable
from redisched.model import TaskBody, run_at_of
from redisched.store.operation import AsyncClient, Operation, run_async
from redisched.store.shard import id_text
from redisched.store.store import Store
from redisched.store.tries import tries_of
from redisched.store.values import Reprioritization, Status

PAUSES_S = (2.0, 4.0)
"""It looks again after these pauses: others that know nothing of this worker yet may put tasks off meanwhile."""
PAGE = 500
_NOW = "+0"

Understands = Callable[[TaskBody], bool]


class BringForward:
    """Looks through the tasks that were put off, in every shard of a worker. Make it inside the running event loop."""

    def __init__(self, context: WorkerContext, client: AsyncClient) -> None:
        self._context = context
        self._client = client
        self._looks: list[float] = []
        self.changed = asyncio.Event()

    def begin(self) -> None:
        """Look now and a few times more. Only the first worker of a deployment has to: others would find nothing. The
        server's time has to be known by now: by it, what was put off is told from what is due later.
        """
        self._looks = [*PAUSES_S, FOREVER_S]
        self.changed.set()

    async def step(self) -> float:
        """Look through every shard once, if it is time; answers how long to wait, in seconds."""
        if not self._looks:
            return FOREVER_S
        understands = self._context.registry.understands
        now_ms = self._context.server_now_ms()
        latest_ms = now_ms + self._context.worker_settings.unroutable_backoff.cap_s * 1e3
        moved = 0
        for store in list(self._context.stores.values()):
            moved += await run_async(bring_forward(store, understands, now_ms, latest_ms), self._client)
        if moved:
            log.info("%s that waited for a worker with their handlers: due now", counted(moved, "task"))
        return self._looks.pop(0)


def bring_forward(store: Store, understands: Understands, now_ms: float, latest_ms: float) -> Operation[int]:
    """Make the tasks of a shard due that were put off because nobody understood them, and are understood now. Answers
    how many. Tasks that wait for a retry keep their time, and so do those due after `latest_ms`: no worker puts a task
    off for so long, so somebody has asked for that time. `now_ms` is the server's time.
    """
    moved, cursor = 0, b"0"
    while True:
        cursor, found = yield ("HSCAN", store.keys.tries, cursor, "COUNT", PAGE)
        put_off = [id for id, tries in zip(found[::2], found[1::2], strict=True) if _was_put_off(tries)]
        for first in range(0, len(put_off), PAGE):
            moved += yield from _bring_forward(store, put_off[first : first + PAGE], understands, (now_ms, latest_ms))
        if int(cursor) == 0:
            return moved


def _was_put_off(tries: bytes) -> bool:
    attempts, _crashes, redeliveries = tries_of(tries)
    return redeliveries > 0 and attempts == 0


def _bring_forward(
    store: Store, ids: Sequence[bytes], understands: Understands, between_ms: tuple[float, float]
) -> Operation[int]:
    after_ms, latest_ms = between_ms
    records = yield ("HMGET", store.keys.tasks, *ids)
    scores = yield ("ZMSCORE", store.keys.waiting, *ids)
    rows = [
        Reprioritization(id_text(id), "", _NOW)
        for id, record, score in zip(ids, records, scores, strict=True)
        if score is not None and after_ms < run_at_of(int(score)) <= latest_ms and _is_understood(record, understands)
    ]
    statuses = (yield from store.reprioritize(rows)) if rows else []
    return sum(status is Status.REPRIORITIZED for status in statuses)


def _is_understood(record: bytes | None, understands: Understands) -> bool:
    try:
        return understands(decode_task(record or b"", len(record or b"")))
    except Undecodable:
        return False
