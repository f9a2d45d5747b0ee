"""Renews leases from a thread and a connection of its own, so that no handler can cost its worker a lease.

The same call tells which leases are lost and which tasks shall be cancelled; their handlers are told.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable

from redisched.engine.held import Held
from redisched.engine.link import Outage, log
from redisched.engine.workspace import Workspace
from redisched.errors import BrokerError, CancelRequested, Interruption, LeaseLost
from redisched.store.operation import Client, run
from redisched.store.store import Store
from redisched.store.values import Renewal, Status

BATCH = 500
"""Renewals per script call at most."""

Interrupt = Callable[[Held, type[Interruption]], None]


class Keeper:
    """Keeps the leases of everything held for longer than a heartbeat."""

    def __init__(self, workspace: Workspace, client: Client, interrupt: Interrupt) -> None:
        self._workspace = workspace
        self._client = client
        self._interrupt = interrupt
        self._loop = asyncio.get_running_loop()
        self._stopped = threading.Event()
        self._outage = Outage("keeper", workspace.worker_settings.reconnect_backoff, workspace.random)
        self._thread = threading.Thread(target=self._run, name="redisched-keeper", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """End; leases that are still held run out by themselves."""
        self._stopped.set()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        delay_s = self._workspace.worker_settings.heartbeat_s
        while not self._stopped.wait(delay_s):
            try:
                delay_s = self.step()
                self._outage.ended()
            except BrokerError as error:
                delay_s = self._outage.failed(error)
            except Exception:
                # A defect in one round must not cost the leases of all rounds to come.
                log.exception("keeper")
                delay_s = self._workspace.worker_settings.heartbeat_s

    def step(self) -> float:
        """Renew what is due for it; answers how long to wait, in seconds."""
        workspace = self._workspace
        heartbeat_s = workspace.worker_settings.heartbeat_s
        claimed_before_s = workspace.clock.monotonic() - heartbeat_s
        by_queue: dict[str, list[Held]] = defaultdict(list)
        for held in workspace.holdings:
            if held.claimed_s <= claimed_before_s:
                by_queue[held.queue].append(held)
        for queue, all_held in by_queue.items():
            for first in range(0, len(all_held), BATCH):
                self._renew(workspace.stores[queue], all_held[first : first + BATCH])
        return heartbeat_s

    def _renew(self, store: Store, batch: list[Held]) -> None:
        workspace = self._workspace
        sent_s = workspace.clock.monotonic()
        renewals = [Renewal(held.lease.id, held.lease.token, held.started_ms) for held in batch]
        statuses = run(store.renew(workspace.lease_ms, renewals), self._client)
        workspace.started.contact(workspace.clock.monotonic())
        for held, status in zip(batch, statuses, strict=True):
            if status is Status.LOST:
                held.trusted_until_s = 0.0
                self._tell(held, LeaseLost)
                continue
            held.trusted_until_s = workspace.trusted_until_s(sent_s)
            if status is Status.CANCELLING and not held.cancelling:
                held.cancelling = True
                self._tell(held, CancelRequested)

    def _tell(self, held: Held, kind: type[Interruption]) -> None:
        self._loop.call_soon_threadsafe(self._interrupt, held, kind)
