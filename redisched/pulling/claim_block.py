"""What `app.claim` answers: a block that leases tasks where it begins, and gives back what is left where it ends."""

import asyncio
import os
from datetime import timedelta
from types import TracebackType

from redisched.config import WorkerSettings
from redisched.engine.window import LARGEST_CLAIM
from redisched.errors import InvalidOption
from redisched.option_checks import check_milliseconds, check_queue, check_whole
from redisched.pulling.block import Block
from redisched.pulling.caller import Caller
from redisched.pulling.lease_length import check_lease_ms
from redisched.pulling.puller import Puller
from redisched.pulling.task_lease import TaskLease
from redisched.registry import Registry


class _ClaimCall:
    """One call of `app.claim` or its twin. `registry` knows every name. Raises InvalidOption."""

    _block: Block

    def __init__(
        self,
        caller: Caller,
        registry: Registry,
        queue: str,
        n: int,
        lease: float | timedelta,
        wait: float | timedelta,
    ) -> None:
        self._caller = caller
        self._registry = registry
        self._queue = check_queue("queue", queue)
        self._limit = check_whole("n", n, 1, LARGEST_CLAIM)
        self._lease_ms = check_lease_ms("lease", lease)
        self._wait_s = check_milliseconds("wait", wait) / 1e3
        self._runs = False
        self._pid = 0

    def __repr__(self) -> str:
        return f"<claim from queue {self._queue}>"

    def _open(self) -> Block:
        """A block of this process. What claims for it is kept, so that the next block finds the queue as it is.

        Raises InvalidOption while another block of this call runs: its leases would be forgotten, and never end.
        """
        if self._runs:
            raise InvalidOption("block", self, "one that does not run; call app.claim again for another")
        self._runs = True
        self._pid = os.getpid()
        kept = self._pid, self._queue, self._lease_ms
        puller: Puller | None = self._caller.pullers.get(kept)
        if puller is None:
            settings = WorkerSettings(lease_s=self._lease_ms / 1e3, window_ms=0.0)
            puller = self._caller.pullers.setdefault(kept, Puller(self._caller, self._registry, self._queue, settings))
        return Block(puller)

    def _is_of_the_parent(self) -> bool:
        """Whether this process was forked within the block: what is not settled is still the parent's."""
        return os.getpid() != self._pid

    def _close(self) -> None:
        self._block.stop()
        self._runs = False


class ClaimBlock(_ClaimCall):
    """Leases tasks while its block runs."""

    def __enter__(self) -> tuple[TaskLease, ...]:
        self._block = self._open()
        try:
            held = self._caller.run(self._block.begin(self._limit, self._wait_s), "claim")
        except BaseException:
            self._close()
            raise
        return tuple(TaskLease(task, self._caller) for task in held)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._is_of_the_parent():
            return
        try:
            self._caller.run(self._block.end(), "claim")
        finally:
            self._close()


class AsyncClaimBlock(_ClaimCall):
    """Leases tasks while its block runs, under asyncio."""

    async def __aenter__(self) -> tuple[TaskLease, ...]:
        await self._caller.open_async()
        self._block = self._open()
        try:
            held = await self._caller.run_async(self._block.begin(self._limit, self._wait_s))
        except BaseException:
            self._close()
            raise
        return tuple(TaskLease(task, self._caller) for task in held)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._is_of_the_parent():
            return
        try:
            await self._caller.run_async(self._block.end())
        finally:
            # The thread that renews may wait for an answer of Redis.
            await asyncio.to_thread(self._close)
