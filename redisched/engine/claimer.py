"""Keeps the window filled: claims as many tasks as there is room for, then sleeps until there is a reason to claim
again.
"""

import asyncio
import math
from collections.abc import Sequence

from redisched.config import Until
from redisched.engine.claim_stream import LOOK_AGAIN_S, ClaimStream
from redisched.engine.executor import Executor
from redisched.engine.leased_task import LeasedTask
from redisched.engine.service import ignore_broker_errors
from redisched.engine.settler import Settler
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.operation import AsyncClient, run_async
from redisched.store.store import Store
from redisched.store.survey import ShardReport

BLOCK_S = 8.0
"""An idle worker waits so long for a wake-up. Then it claims without one, because a wake-up may have been lost."""
OFTEN = 16
"""While some shards have more due tasks, those that had none are asked again after LOOK_AGAIN_S. If a worker has more
shards than this, the time grows with their number, so that all of them together are asked no more often.
"""


class Claimer:
    """Claims from every shard that a worker serves. The shards take turns to be the first; those that had no due task
    come last.

    `changed` is set when there may be a reason to claim: a slot became free, or a wake-up came. `idle` is set while
    there are free slots and no due tasks, so that the wake listeners may wait. `drained` is set once no task is due and
    none is in flight.
    """

    def __init__(self, context: WorkerContext, client: AsyncClient, executor: Executor) -> None:
        self._context = context
        self._client = client
        self._executor = executor
        self._streams: dict[Store, ClaimStream] = {}
        """In the order of their turns."""
        self._open: dict[Store, ClaimStream] = {}
        """Those of them that may have tasks, now or at a known moment."""
        self._is_surveyed = False
        self._knows_what_is_due = False
        self.changed = asyncio.Event()
        self.idle = asyncio.Event()
        self.drained = asyncio.Event()

    def serve(self, store: Store) -> None:
        """Claim from one more shard."""
        self._streams[store] = self._open[store] = ClaimStream(self._context, store, "")
        self.changed.set()

    def leave(self, store: Store) -> bool:
        """Stop claiming from a shard. Answers False while a claim has no reply yet; then call this again later."""
        if self._streams[store].is_unanswered:
            return False
        del self._streams[store]
        self._open.pop(store, None)
        return True

    def take_report(self, store: Store, report: ShardReport | None) -> None:
        """Take in what a survey saw in a shard. None means that surveys have ended, and the claimer has to look itself.

        A worker that ends once nothing is left asks every shard itself all the same.
        """
        self._is_surveyed = report is not None and self._context.worker_settings.until is not Until.EMPTY
        stream = self._streams[store]
        if report is not None and stream.take_report(report.next_due_ms, report.now_ms):
            self.changed.set()
        self._note(stream)

    async def step(self) -> float:
        """Claim as many tasks as there is room for; answers how long to wait, in seconds."""
        if self._knows_what_is_due:
            self._knows_what_is_due = False
            return await self._rest()
        more_due = False
        moments = self._moments()
        for stream in self._in_turn(*moments):
            if more_due and stream.is_quiet(*moments):
                break
            room = self._room()
            if room == 0:
                return await self._rest_full()
            if stream.store not in self._streams:
                continue
            await self._claim(stream, room)
            more_due = more_due or stream.leaves_due
        return 0.0 if more_due else await self._rest()

    def _in_turn(self, news_after_s: float, horizon_ms: float) -> list[ClaimStream]:
        """The streams to claim from, those that may have tasks first. If surveys report new tasks, the streams that had
        none are left out.
        """
        now_s = self._context.clock.monotonic()
        streams = self._open if self._is_surveyed else self._streams
        present = [stream for stream in streams.values() if stream.shard_backoff.remaining_s(now_s) == 0.0]
        lively: list[ClaimStream] = []
        quiet: list[ClaimStream] = []
        for stream in present:
            (quiet if stream.is_quiet(news_after_s, horizon_ms) else lively).append(stream)
        return lively if self._is_surveyed else lively + quiet

    def _moments(self) -> tuple[float, float]:
        """Two limits for `is_quiet`: a stream with older news than the first is asked again, and so is one with a task
        that falls due before the second.
        """
        horizon_ms = self._context.server_now_ms() + self._context.worker_settings.window_ms
        if self._is_surveyed and not any(stream.leaves_due for stream in self._open.values()):
            return -math.inf, horizon_ms
        look_again_s = LOOK_AGAIN_S * max(1.0, len(self._streams) / OFTEN)
        return self._context.clock.monotonic() - look_again_s, horizon_ms

    def woken(self, woken: ClaimStream, leases: Sequence[LeasedTask]) -> None:
        """Take in the tasks that a wake listener claimed."""
        self._take_over(woken)
        self._take_in(leases)
        self._knows_what_is_due = not woken.leaves_due
        # No listener waits again before it is known whether there is still room.
        self.idle.clear()
        self.changed.set()

    def woken_late(self, woken: ClaimStream, leases: Sequence[LeasedTask]) -> Sequence[LeasedTask]:
        """Take in tasks that a wake listener claimed after the claimer stopped being idle, as far as there is room.
        Answers the tasks for which there is none.
        """
        self._take_over(woken)
        room = self._room()
        self._take_in(leases[:room])
        return leases[room:]

    def slot_freed(self) -> None:
        """Claim again if a full worker has room now. An idle worker knows already that nothing is due."""
        if not self.idle.is_set() and not self.changed.is_set() and self._room() > 0:
            self.changed.set()

    def settled(self) -> None:
        """Check again whether everything is done."""
        if self.idle.is_set() and not self._context.in_flight:
            self.changed.set()

    async def finish(self, settler: Settler) -> None:
        """Call after the last step. Claims that got no reply may have been executed, so their tasks are given back."""
        unanswered = [stream for stream in self._streams.values() if stream.is_unanswered]
        await asyncio.gather(*(ignore_broker_errors(self._give_back(stream, settler)) for stream in unanswered))

    async def _give_back(self, stream: ClaimStream, settler: Settler) -> None:
        settler.give_back(await stream.claim(1, self._client))

    async def _claim(self, stream: ClaimStream, room: int) -> None:
        """Claim from a shard. If it does not answer, it alone is left out for a while."""
        # This shard goes to the end of the order, so that every shard gets its turn.
        self._streams[stream.store] = self._streams.pop(stream.store)
        self._open.pop(stream.store, None)
        try:
            self._take_in(await stream.claim(room, self._client))
        except BrokerError as error:
            stream.leaves_due = False
            stream.shard_backoff.failed(error, self._context.clock.monotonic())
        else:
            stream.shard_backoff.ended()
        finally:
            self._note(stream)

    def _note(self, stream: ClaimStream) -> None:
        """Remember whether a stream may have tasks."""
        if stream.may_have_something or stream.shard_backoff.is_failing:
            self._open.setdefault(stream.store, stream)
        else:
            self._open.pop(stream.store, None)

    def _take_over(self, woken: ClaimStream) -> None:
        stream = self._streams.get(woken.store)
        if stream is not None:
            stream.take_over(woken)
            stream.shard_backoff.ended()
            self._note(stream)

    def _room(self) -> int:
        rate = self._executor.start_rate.per_ms(self._context.clock.monotonic() * 1e3)
        return self._context.window.room(self._executor.free, rate)

    def _take_in(self, leases: Sequence[LeasedTask]) -> None:
        context = self._context
        now_ms = context.server_now_ms()
        for task in leases:
            context.in_flight.add(task)
            context.window.add(task, now_ms)
        if leases:
            self._executor.offer(len(leases))

    async def _rest(self) -> float:
        return await self._rest_full() if self._room() == 0 else self._rest_hungry()

    async def _rest_full(self) -> float:
        """Rest while the worker is full. If a known task falls due meanwhile, another worker is woken to watch it."""
        self.idle.clear()
        if self._executor.free == 0:
            now_ms = self._context.server_now_ms()
            for stream in list(self._open.values()):
                if stream.next_due_ms is not None and now_ms < stream.next_due_ms < now_ms + BLOCK_S * 1e3:
                    stream.next_due_ms = None
                    await ignore_broker_errors(run_async(stream.store.wake(), self._client))
        return BLOCK_S

    def _rest_hungry(self) -> float:
        self.idle.set()
        now_s = self._context.clock.monotonic()
        present = [stream for stream in self._open.values() if not stream.shard_backoff.is_failing]
        absent_s = [
            stream.shard_backoff.remaining_s(now_s) for stream in self._open.values() if stream.shard_backoff.is_failing
        ]
        if not self._context.in_flight and not absent_s:
            self.drained.set()
        due = [stream.next_due_ms for stream in present if stream.next_due_ms is not None]
        longest_s = 3 * BLOCK_S * self._context.idle_factor
        longest_s = min((longest_s, *absent_s))
        if not due:
            return longest_s
        ahead_ms = self._context.worker_settings.window_ms / 2
        return min(longest_s, max(0.0, (min(due) - ahead_ms - self._context.server_now_ms()) / 1e3))
