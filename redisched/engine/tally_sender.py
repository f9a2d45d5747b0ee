"""Sends what this worker process has done to Redis, every five seconds if there is something to tell."""

from redisched.engine.logs import log
from redisched.engine.service import FOREVER_S
from redisched.engine.worker_context import WorkerContext
from redisched.errors import AccessDenied, FormatTooNew, QueueFull
from redisched.store.operation import AsyncClient, run_async
from redisched.store.tallies import Tallies

INTERVAL_S = 5.0


class TallySender:
    """Sends the tally of one worker process. What a process that is killed has not sent is not counted."""

    def __init__(self, context: WorkerContext, client: AsyncClient, tallies: Tallies) -> None:
        self._context = context
        self._client = client
        self._tallies = tallies

    async def step(self) -> float:
        """Send once; answers how long to wait, in seconds."""
        try:
            await self.send()
        except QueueFull as error:
            # What is counted now is sent once there is room, and adds to the same few numbers until then.
            log.debug("tally: %s", error)
        except (AccessDenied, FormatTooNew) as error:
            log.warning("this worker does not say what it does: %s", error)
            return FOREVER_S
        return INTERVAL_S * (1.0 - 0.2 * self._context.random())

    async def send(self) -> None:
        """Send what there is. Safe to repeat."""
        context = self._context
        now_ms = context.server_now_ms()
        # Before the first reply to a claim the server's time is not known.
        batch = context.tally.batch(now_ms) if now_ms else None
        if batch is not None:
            if not await run_async(self._tallies.add(context.worker, batch), self._client):
                log.warning("what this worker did in a few seconds is left out: for an hour it could not be told")
            context.tally.counted()
