"""A queue whose replies an observer records."""

from pathlib import Path
from typing import Any, TypeVar

from redisched.chaos.history.reading import read_history
from redisched.chaos.history.record import Record, Settled
from redisched.chaos.history.recorder import Recorder
from redisched.chaos.proxy import Proxy
from redisched.store.broker import Broker
from redisched.store.operation import Operation, run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest, Lease, NewTask, Status

T = TypeVar("T")
QUEUE = "mail"
FAR_MS = 3_600_000


class ObservedQueue:
    """A queue that is called through a proxy whose observer records a history."""

    def __init__(self, broker: Broker, proxy: Proxy, folder: Path) -> None:
        self.broker = broker
        self.proxy = proxy
        self.recorder = Recorder(folder)
        self.store = Store(broker.script_runner, QUEUE)
        self.folder = folder
        self._nonce = 0

    def call(self, operation: Operation[T]) -> T:
        return run(operation, self.broker.client())

    def enqueue(self, *ids: str) -> None:
        self.call(self.store.enqueue([NewTask(id, 5, "+0", b"digest-1body") for id in ids]))

    def claim(self, lease_ms: int = FAR_MS) -> list[Lease]:
        self._nonce += 1
        return self.call(self.store.claim(self.request(lease_ms))).leases

    def request(self, lease_ms: int = FAR_MS) -> ClaimRequest:
        return ClaimRequest(worker="w1", nonce=str(self._nonce), limit=9, ahead_ms=0, ahead_limit=0, lease_ms=lease_ms)

    def history(self, *kinds: type[Record]) -> list[Any]:
        return [record for record in read_history(self.folder) if isinstance(record, kinds)]

    def settled(self) -> list[tuple[str, int | None, Status]]:
        return [(record.task, record.fence, record.status) for record in self.history(Settled)]
