"""Keeps the window filled: claims what free slots can use, then sleeps until there is a reason to claim again."""

import asyncio
from dataclasses import dataclass

from redisched.engine.executor import Executor
from redisched.engine.held import Held
from redisched.engine.workspace import Workspace
from redisched.store.operation import AsyncClient, run_async
from redisched.store.store import Store
from redisched.store.values import Claim, ClaimRequest

BATCH = 200
"""Tasks per claim at most: more would hold Redis up for others, fewer cost more per task."""
BLOCK_S = 5.0
"""How long an idle worker waits for a wake-up before it looks by itself, in case one was lost."""


@dataclass(slots=True)
class _Line:
    """Claiming from one queue: the request under way, and when its next task falls due."""

    store: Store
    nonce: int = 0
    first_sent_s: float | None = None
    next_due_ms: int | None = None


class Claimer:
    """Claims from every queue of a worker, each in its turn first.

    `changed` is set when there may be reason to claim: a slot fell free, a wake-up came. `hungry` is set while free
    slots find nothing due, so that the waker may listen.
    """

    def __init__(self, workspace: Workspace, client: AsyncClient, executor: Executor) -> None:
        self._workspace = workspace
        self._client = client
        self._executor = executor
        self._lines = [_Line(store) for store in workspace.stores.values()]
        self.changed = asyncio.Event()
        self.hungry = asyncio.Event()
        self.drained = asyncio.Event()

    async def step(self) -> float:
        """Claim what there is room for; answers how long nothing needs to be done, in seconds."""
        self._lines.append(self._lines.pop(0))
        more_due = False
        for line in self._lines:
            room = self._room()
            if room == 0:
                return await self._rest_full()
            claim = await self._claim(line, min(room, BATCH))
            more_due = more_due or _leaves_due(claim)
        return 0.0 if more_due else self._rest_hungry()

    def slot_freed(self) -> None:
        """Claim again if a full worker has room now; a hungry one knows already that nothing is due."""
        if not self.hungry.is_set() and self._room() > 0:
            self.changed.set()

    def settled(self) -> None:
        """Look again whether everything is done."""
        if self.hungry.is_set() and not self._workspace.holdings:
            self.changed.set()

    def _room(self) -> int:
        workspace = self._workspace
        pace = self._executor.pace.per_ms(workspace.clock.monotonic() * 1e3)
        return workspace.window.room(self._executor.free, pace)

    async def _claim(self, line: _Line, limit: int) -> Claim:
        workspace = self._workspace
        window_ms = workspace.worker_settings.window_ms
        request = ClaimRequest(
            worker=workspace.worker,
            nonce=str(line.nonce),
            limit=limit,
            ahead_ms=round(window_ms),
            ahead_limit=BATCH if window_ms else 0,
            lease_ms=workspace.lease_ms,
        )
        sent_s = workspace.clock.monotonic()
        if line.first_sent_s is None:
            line.first_sent_s = sent_s
        claim = await run_async(line.store.claim(request), self._client)
        received_s = workspace.clock.monotonic()
        trusted_until_s = workspace.trusted_until_s(line.first_sent_s)
        line.nonce += 1
        line.first_sent_s = None
        line.next_due_ms = claim.next_due_ms
        workspace.server_clock.observe(sent_s, received_s, claim.now_us)
        workspace.started.contact(received_s)
        self._take_in(line, claim, sent_s, trusted_until_s)
        return claim

    def _take_in(self, line: _Line, claim: Claim, sent_s: float, trusted_until_s: float) -> None:
        workspace = self._workspace
        now_ms = workspace.server_now_ms()
        for lease in claim.leases:
            held = Held(lease, line.store.queue, workspace.worker, sent_s, trusted_until_s)
            workspace.holdings.add(held)
            workspace.window.add(held, now_ms)
        if claim.leases:
            self.hungry.clear()
            self._executor.offer(len(claim.leases))

    async def _rest_full(self) -> float:
        """Nothing can be taken now. What falls due meanwhile is for another worker to watch."""
        self.hungry.clear()
        if self._executor.free == 0:
            now_ms = self._workspace.server_now_ms()
            for line in self._lines:
                if line.next_due_ms is not None and now_ms < line.next_due_ms < now_ms + BLOCK_S * 1e3:
                    line.next_due_ms = None
                    await run_async(line.store.pass_wake(), self._client)
        return BLOCK_S

    def _rest_hungry(self) -> float:
        self.hungry.set()
        if not self._workspace.holdings:
            self.drained.set()
        due = [line.next_due_ms for line in self._lines if line.next_due_ms is not None]
        if not due:
            return BLOCK_S
        ahead_ms = self._workspace.worker_settings.window_ms / 2
        return min(BLOCK_S, max(0.0, (min(due) - ahead_ms - self._workspace.server_now_ms()) / 1e3))


def _leaves_due(claim: Claim) -> bool:
    return claim.next_due_ms is not None and claim.next_due_ms * 1000 <= claim.now_us
