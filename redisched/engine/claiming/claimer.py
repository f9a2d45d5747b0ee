"""Owns all claims of a worker: claims as many tasks as there is room for, then rests until there is a reason to claim
again.
"""

import asyncio
from collections.abc import Iterable, Sequence

from redisched.config import Until
from redisched.engine import completion
from redisched.engine.claiming.claim_stream import ClaimStream
from redisched.engine.claiming.claimed_shard import ClaimedShard
from redisched.engine.claiming.turns import Turns
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


class Claimer:
    """Claims from every shard that a worker serves, puts the tasks into the window, and gives back those for which
    there is no room.

    A claim without a reply is repeated until there is one. `changed` is set when there may be a reason to claim: a slot
    became free, or a wake-up came. `drained` is set once no task is due and none is in flight. `wake_up_missed` is set
    by wake listeners when a wake-up may have been lost, and awaited by surveys.
    """

    def __init__(self, context: WorkerContext, client: AsyncClient, executor: Executor, settler: Settler) -> None:
        self._context = context
        self._client = client
        self._executor = executor
        self._settler = settler
        self._turns = Turns(context)
        self._knows_what_is_due = False
        self._had_tasks = False
        """Whether a task was in flight since the latest look began: it may have been given back to a shard that had
        been looked at before, and be due there.
        """
        self._idle = asyncio.Event()
        self.is_quiet = False
        """Whether it was told to claim nothing more."""
        self.changed = asyncio.Event()
        self.drained = asyncio.Event()
        self.wake_up_missed = asyncio.Event()

    def serve(self, store: Store) -> None:
        """Claim from one more shard."""
        self._turns.add(ClaimedShard(self._context, store))
        self.changed.set()

    def leave(self, store: Store) -> bool:
        """Stop claiming from a shard. Answers False while a claim has no reply yet; then call this again later."""
        if self._turns[store].unanswered:
            return False
        self._turns.remove(store)
        return True

    def take_report(self, store: Store, report: ShardReport | None) -> None:
        """Take in what a survey saw in a shard. None means that surveys have ended, and the claimer has to look itself.

        A worker that ends once nothing is left asks every shard itself all the same.
        """
        self._turns.is_surveyed = report is not None and self._context.worker_settings.until is not Until.EMPTY
        shard = self._turns[store]
        if report is not None and shard.take_report(report):
            self.changed.set()
        self._turns.note(shard)

    async def step(self) -> float:
        """Claim as many tasks as there is room for; answers how long to wait, in seconds."""
        if self._knows_what_is_due:
            self._knows_what_is_due = False
            return await self._rest()
        more_due = False
        self._had_tasks = bool(self._context.in_flight)
        moments = self._turns.moments()
        for shard in self._turns.in_turn(*moments):
            if more_due and shard.is_quiet(*moments):
                break
            room = self._room()
            if room == 0:
                return await self._rest_full()
            if shard.store not in self._turns:
                continue
            await self._claim(shard, room)
            more_due = more_due or shard.leaves_due
        return 0.0 if more_due else await self._rest()

    async def until_idle(self) -> None:
        """Wait until there are free slots and no due tasks, so that it is time to wait for a wake-up."""
        await self._idle.wait()

    async def woken(self, store: Store) -> None:
        """Claim from a shard that was woken. If this failed, call it again: the claim is repeated."""
        await self._claim_woken(self._turns[store], self._client)

    async def claim_behind(self, wait: AsyncClient, store: Store) -> None:
        """Claim from a shard behind a wait for its wake-up, by a client that sends the wait before the claim. If this
        failed, the claim may have been executed: call `woken`.
        """
        await self._claim_woken(self._turns[store], wait)

    def quiet(self) -> None:
        """Claim nothing more until `resume`, and give back the tasks that wait for a slot."""
        self.is_quiet = True
        self._idle.clear()
        for task in self._context.window.take_all():
            self._settler.add(completion.released(task))

    def resume(self) -> None:
        """Claim again."""
        self.is_quiet = False
        self.changed.set()

    def slot_freed(self) -> None:
        """Claim again if a full worker has room now. An idle worker knows already that nothing is due."""
        if not self._idle.is_set() and not self.changed.is_set() and self._room() > 0:
            self.changed.set()

    def settled(self) -> None:
        """Check again whether everything is done."""
        if self._idle.is_set() and not self._context.in_flight:
            self.changed.set()

    async def finish(self) -> None:
        """Call after the last step, and the last wait. Claims that got no reply may have been executed, so their tasks
        are given back.
        """
        unanswered = [stream for shard in self._turns for stream in shard.unanswered]
        await asyncio.gather(*(ignore_broker_errors(self._claim_and_give_back(stream)) for stream in unanswered))

    async def _claim_and_give_back(self, stream: ClaimStream) -> None:
        self._give_back((await stream.claim(1, self._client)).tasks)

    async def _claim(self, shard: ClaimedShard, room: int) -> None:
        """Claim from a shard. If it does not answer, it alone is left out for a while."""
        self._turns.take(shard)
        try:
            self._take_in(await shard.claim(room, self._client))
        except BrokerError as error:
            shard.failed(error)
        finally:
            self._turns.note(shard)

    async def _claim_woken(self, shard: ClaimedShard, client: AsyncClient) -> None:
        """Claim because of a wake-up. All tasks are taken in if the worker is still idle, else those for which there is
        room.
        """
        # Other shards of this worker may be woken at the same time, so each claims only its share.
        share = max(1, self._executor.free // self._context.idle_factor)
        tasks = await shard.claim_woken(share, client)
        self._turns.note(shard)
        if self._idle.is_set():
            self._take_in(tasks)
            self._knows_what_is_due = not shard.leaves_due
            # Nobody waits for a wake-up again before it is known whether there is still room.
            self._idle.clear()
            self.changed.set()
        else:
            room = self._room()
            self._take_in(tasks[:room])
            self._give_back(tasks[room:])

    def _room(self) -> int:
        if self.is_quiet:
            return 0
        rate = self._executor.start_rate.per_ms(self._context.clock.monotonic() * 1e3)
        return self._context.window.room(self._executor.free, rate)

    def _take_in(self, tasks: Sequence[LeasedTask]) -> None:
        if tasks:
            self._context.in_flight.add(*tasks)
            self._context.window.add(tasks, self._context.server_now_ms())
            self._had_tasks = True
            self._executor.offer(len(tasks))

    def _give_back(self, tasks: Iterable[LeasedTask]) -> None:
        """Give back tasks for which there is no room here. This wakes another worker."""
        for task in tasks:
            self._had_tasks = True
            self._context.in_flight.add(task)
            self._settler.add(completion.released(task))

    def _note_drained(self) -> None:
        if not self._had_tasks:
            self.drained.set()
        elif self._context.worker_settings.until is Until.EMPTY:
            self.changed.set()

    async def _rest(self) -> float:
        return await self._rest_full() if self._room() == 0 else self._rest_hungry()

    async def _rest_full(self) -> float:
        """Rest while the worker is full. If a known task falls due meanwhile, another worker is woken to watch it."""
        self._idle.clear()
        if self._executor.free == 0:
            now_ms = self._context.server_now_ms()
            for shard in self._turns.open_shards:
                if shard.next_due_ms is not None and now_ms < shard.next_due_ms < now_ms + BLOCK_S * 1e3:
                    shard.next_due_ms = None
                    await ignore_broker_errors(run_async(shard.store.wake(), self._client))
        return BLOCK_S

    def _rest_hungry(self) -> float:
        self._idle.set()
        now_s = self._context.clock.monotonic()
        present = [shard for shard in self._turns.open_shards if not shard.shard_backoff.is_failing]
        absent_s = [
            shard.shard_backoff.remaining_s(now_s)
            for shard in self._turns.open_shards
            if shard.shard_backoff.is_failing
        ]
        if not self._context.in_flight and not absent_s:
            self._note_drained()
        due = [shard.next_due_ms for shard in present if shard.next_due_ms is not None]
        longest_s = 3 * BLOCK_S * self._context.idle_factor
        longest_s = min((longest_s, *absent_s))
        if not due:
            return longest_s
        ahead_ms = self._context.worker_settings.window_ms / 2
        return min(longest_s, max(0.0, (min(due) - ahead_ms - self._context.server_now_ms()) / 1e3))
