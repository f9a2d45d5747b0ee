"""A pass of the scrubber, run by a test."""

from redisched.engine.scrubber import DEEP
from redisched.model import Priority
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.repair import Repair, Scrubbed, ScrubRequest
from redisched.store.store import Store

LEASE_MS = 30_000
RETENTION_MS = 1_000


def scrub(
    broker: Broker, queue: str, *, parts: tuple[str, ...] = DEEP, cursor: str = "0", limit: int = 100
) -> Scrubbed:
    """One call of the scrubber."""
    request = ScrubRequest(
        parts=parts,
        cursor=cursor,
        limit=limit,
        lease_ms=LEASE_MS,
        retention_ms=RETENTION_MS,
        priority=int(Priority.NORMAL),
        no_record=b"no record",
        no_failure=b"no failure",
    )
    return run(Store(broker.script_runner, queue).scrub(request), broker.client())


def scrub_all(broker: Broker, queue: str, *, limit: int = 100) -> list[tuple[str, Repair]]:
    """Every repair of a whole pass; a sound queue needs none."""
    repairs: list[tuple[str, Repair]] = []
    parts, cursor = DEEP, "0"
    while parts:
        scrubbed = scrub(broker, queue, parts=parts, cursor=cursor, limit=limit)
        parts, cursor = scrubbed.parts, scrubbed.cursor
        repairs += scrubbed.repairs
    return repairs
