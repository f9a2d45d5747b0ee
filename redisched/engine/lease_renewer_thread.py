"""Runs the lease renewer in its own thread and on its own connection, so that no handler can make its worker lose a
lease.
"""

import threading
from typing import Protocol

from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.logs import log
from redisched.store.operation import Client, run


class OwnClient(Client, Protocol):
    """A blocking client that only the lease renewer uses."""

    def close(self) -> None: ...


class LeaseRenewerThread:
    """Renews from the moment it is made until it is stopped."""

    def __init__(self, renewer: LeaseRenewer, client: OwnClient) -> None:
        self._renewer = renewer
        self._client = client
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="redisched-lease-renewer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop. Leases of tasks that are still in flight end by themselves."""
        self._stopped.set()
        self._thread.join(timeout=1.0)
        self._client.close()

    def _run(self) -> None:
        delay_s = self._renewer.heartbeat_s
        while not self._stopped.wait(delay_s):
            try:
                delay_s = run(self._renewer.step(), self._client)
            except Exception:
                # An unexpected error in one round must not keep later rounds from renewing.
                log.exception("lease renewer")
                delay_s = self._renewer.heartbeat_s
