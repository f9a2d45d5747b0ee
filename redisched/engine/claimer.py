"""Keeps the window filled: claims what free slots can use, then sleeps until there is a reason to claim again."""

import asyncio
import math
from collections.abc import Sequence

from redisched.config import Until
from redisched.engine.claim_stream import LOOK_AGAIN_S, ClaimStream
from redisched.engine.executor import Executor
from redisched.engine.leased_task import LeasedTask
from redisched.engine.service import quietly
from redisched.engine.settler import Settler
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.operation import AsyncClient, run_async
from redisched.store.store import Store
from redisched.store.survey import Prospect

BLOCK_S = 8.0
"""How long an idle worker waits for a wake-up before it looks by itself, in case one was lost."""
OFTEN = 16
"""Of so many shards each is looked at again as soon as may be while others have more due; of more, as seldom as takes
the same time in all.
"""


class Claimer:
    """Claims from every shard a worker serves, each in its turn first; those that had nothing due come last.

    `changed` is set when there may be reason to claim: a slot fell free, a wake-up came. `hungry` is set while free
    slots find nothing due, so that the listeners may listen. `drained` is set once nothing is due and nothing is held.
    """

    def __init__(self, context: WorkerContext, client: AsyncClient, executor: Executor) -> None:
        self._context = context
        self._client = client
        self._executor = executor
        self._streams: dict[Store, ClaimStream] = {}
        """In the order in which their turn comes."""
        self._open: dict[Store, ClaimStream] = {}
        """Those of them that may have something, now or at a moment that is known."""
        self._is_surveyed = False
        self._knows_what_is_due = False
        self.changed = asyncio.Event()
        self.hungry = asyncio.Event()
        self.drained = asyncio.Event()

    def serve(self, store: Store) -> None:
        """Claim from one more shard."""
        self._streams[store] = self._open[store] = ClaimStream(self._context, store, "")
        self.changed.set()

    def leave(self, store: Store) -> bool:
        """Claim from a shard no more. False while a claim is under way there: then it has to be called again."""
        if self._streams[store].is_unanswered:
            return False
        del self._streams[store]
        self._open.pop(store, None)
        return True

    def hear(self, store: Store, prospect: Prospect | None) -> None:
        """Take in what a survey saw in a shard; None if there is none any more, so that this has to look itself.

        A worker that ends when nothing is left does not rely on it.
        """
        self._is_surveyed = prospect is not None and self._context.worker_settings.until is not Until.EMPTY
        stream = self._streams[store]
        if prospect is not None and stream.learn(prospect.next_due_ms, prospect.now_ms):
            self.changed.set()
        self._note(stream)

    async def step(self) -> float:
        """Claim what there is room for; answers how long nothing needs to be done, in seconds."""
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

    def _in_turn(self, heard_after_s: float, horizon_ms: float) -> list[ClaimStream]:
        """The streams to claim from, those that may have tasks first. If surveys report new tasks, the streams that had
        none are left out.
        """
        now_s = self._context.clock.monotonic()
        streams = self._open if self._is_surveyed else self._streams
        present = [stream for stream in streams.values() if stream.shard_backoff.remaining_s(now_s) == 0.0]
        lively: list[ClaimStream] = []
        quiet: list[ClaimStream] = []
        for stream in present:
            (quiet if stream.is_quiet(heard_after_s, horizon_ms) else lively).append(stream)
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
        """Take in what was claimed together with a wake-up."""
        self._hear(woken)
        self._take_in(leases)
        self._knows_what_is_due = not woken.leaves_due
        # Nobody listens again before it is clear whether there still is room.
        self.hungry.clear()
        self.changed.set()

    def woken_late(self, woken: ClaimStream, leases: Sequence[LeasedTask]) -> Sequence[LeasedTask]:
        """Take in what was claimed while other work came, as far as there is room; answers what there is none for."""
        self._hear(woken)
        room = self._room()
        self._take_in(leases[:room])
        return leases[room:]

    def slot_freed(self) -> None:
        """Claim again if a full worker has room now; a hungry one knows already that nothing is due."""
        if not self.hungry.is_set() and not self.changed.is_set() and self._room() > 0:
            self.changed.set()

    def settled(self) -> None:
        """Look again whether everything is done."""
        if self.hungry.is_set() and not self._context.in_flight:
            self.changed.set()

    async def finish(self, settler: Settler) -> None:
        """Call after the last step: a claim that was cut off may have been carried out, so its tasks are given back."""
        cut_off = [stream for stream in self._streams.values() if stream.is_unanswered]
        await asyncio.gather(*(quietly(self._give_back(stream, settler)) for stream in cut_off))

    async def _give_back(self, stream: ClaimStream, settler: Settler) -> None:
        settler.give_back(await stream.claim(1, self._client))

    async def _claim(self, stream: ClaimStream, room: int) -> None:
        """Claim from a shard. One that does not answer is left alone for a while, and the others are not."""
        # Whoever was claimed from comes last, so that no shard is passed over.
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

    def _hear(self, woken: ClaimStream) -> None:
        stream = self._streams.get(woken.store)
        if stream is not None:
            stream.hear(woken)
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
        """Nothing can be taken now. What falls due meanwhile is for another worker to watch."""
        self.hungry.clear()
        if self._executor.free == 0:
            now_ms = self._context.server_now_ms()
            for stream in list(self._open.values()):
                if stream.next_due_ms is not None and now_ms < stream.next_due_ms < now_ms + BLOCK_S * 1e3:
                    stream.next_due_ms = None
                    await quietly(run_async(stream.store.wake(), self._client))
        return BLOCK_S

    def _rest_hungry(self) -> float:
        self.hungry.set()
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
