"""Runs the keeper in a thread and through a connection of its own, so that no handler can cost its worker a lease."""

import threading
from typing import Protocol

from redisched.engine.keeper import Keeper
from redisched.engine.logs import log
from redisched.store.operation import Client, run


class OwnClient(Client, Protocol):
    """A blocking client that nobody else uses."""

    def close(self) -> None: ...


class KeeperThread:
    """Renews from the moment it is made until it is stopped."""

    def __init__(self, keeper: Keeper, client: OwnClient) -> None:
        self._keeper = keeper
        self._client = client
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="redisched-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; leases that are still held run out by themselves."""
        self._stopped.set()
        self._thread.join(timeout=1.0)
        self._client.close()

    def _run(self) -> None:
        delay_s = self._keeper.heartbeat_s
        while not self._stopped.wait(delay_s):
            try:
                delay_s = run(self._keeper.step(), self._client)
            except Exception:
                # A defect in one round must not cost the leases of all rounds to come.
                log.exception("keeper")
                delay_s = self._keeper.heartbeat_s
