"""A process that claims until nothing is left, to be started many times at once."""

from multiprocessing.connection import Connection

from redisched.model import band_of
from redisched.store.broker import connect
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest


def claim_all(url: str, queue: str, worker: str, batch: int, start: Connection, claimed: Connection) -> None:
    """Send, once `start` says so, the id, band and token of every task in the order in which they were claimed."""
    broker = connect(url, 10.0)
    store, client = Store(broker.script_runner, queue), broker.client()
    found: list[tuple[str, int, int]] = []
    claimed.send("ready")
    start.recv()
    while True:
        request = ClaimRequest(
            worker=worker, nonce=str(len(found)), limit=batch, ahead_ms=0, ahead_limit=0, lease_ms=60_000
        )
        leases = run(store.claim(request), client).leases
        found += [(lease.id, band_of(lease.score), lease.token) for lease in leases]
        if not leases:
            break
    claimed.send(found)
    broker.close()
