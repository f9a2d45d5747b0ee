"""Saves how far handlers have come: encodes it, and has Redis store it under the lease of the task."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from redisched.codec import decode_state, encode_state
from redisched.config import RECONNECT_BACKOFF
from redisched.engine.leased_task import LeasedTask
from redisched.engine.worker_context import WorkerContext
from redisched.errors import LeaseLost
from redisched.store.broker import Broker
from redisched.store.operation import Operation, RetryPolicy, run, run_async, with_retries
from redisched.store.values import Checkpoint, Status


class TaskCheckpoints:
    """What an earlier attempt of a task has saved, and how this one saves more."""

    def __init__(
        self,
        name: str,
        saved: bytes,
        limit: int,
        save: Callable[[bytes], None],
        save_async: Callable[[bytes], Awaitable[None]],
    ) -> None:
        """`name` is that of the handler. `saved` is encoded, empty if nothing is saved. A state has at most `limit`
        bytes.
        """
        self._name = name
        self._saved = saved
        self._limit = limit
        self._save = save
        self._save_async = save_async

    def state(self) -> Any:
        """What the latest attempt before this one has saved; None if none has. Raises Undecodable."""
        return decode_state(self._saved) if self._saved else None

    def save(self, state: Any) -> None:
        """Save a state, blocking."""
        if asyncio._get_running_loop() is not None:  # noqa: SLF001 - the public one raises if there is none
            raise RuntimeError(
                "checkpoint() would block the event loop that runs here; await checkpoint_async() instead"
            )
        self._save(encode_state(self._name, state, self._limit))

    async def save_async(self, state: Any) -> None:
        """Save a state under asyncio."""
        await self._save_async(encode_state(self._name, state, self._limit))


class CheckpointSaver:
    """Saves the checkpoints of the tasks of one worker. Can be used from any thread and any event loop."""

    def __init__(self, context: WorkerContext, broker: Broker) -> None:
        self._context = context
        self._broker = broker

    def of(self, task: LeasedTask) -> TaskCheckpoints:
        """The checkpoints of a task that runs."""
        limit = self._context.settings.payload_limit
        return TaskCheckpoints(
            task.body.name, task.checkpoint, limit, partial(self.save, task), partial(self.save_async, task)
        )

    def save(self, task: LeasedTask, state: bytes) -> None:
        """Save an encoded state, blocking. Raises LeaseLost and BrokerError."""
        run(self._saving(task, state), self._broker.client())

    async def save_async(self, task: LeasedTask, state: bytes) -> None:
        """Save an encoded state under asyncio. Raises LeaseLost and BrokerError."""
        await run_async(self._saving(task, state), self._broker.async_client())

    def _saving(self, task: LeasedTask, state: bytes) -> Operation[None]:
        context, checkpoint = self._context, Checkpoint(task.lease.id, task.lease.token, state)
        retry_policy = RetryPolicy(
            began_s=context.clock.monotonic(),
            total_s=context.settings.timeout_s,
            try_s=self._broker.timeout_s,
            backoff=RECONNECT_BACKOFF,
            monotonic=context.clock.monotonic,
            random=context.random,
        )
        store = context.store_of(task)
        (status,) = yield from with_retries(lambda: store.checkpoint([checkpoint]), retry_policy)
        if status is Status.LOST:
            task.is_told_to_end = True
            raise LeaseLost
