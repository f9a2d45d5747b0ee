"""Leases as a claim would grant them, for tests that need no Redis."""

from redisched.codec import DIGEST_BYTES, encode_task
from redisched.engine.leased_task import LeasedTask
from redisched.model import TaskBody, score_of
from redisched.store.values import Lease

NOW_MS = 1_800_000_000_000
QUEUE = "mail"
WORKER = "worker-1"


def leased_task(
    id: str,
    *,
    priority: int = 5,
    run_at_ms: int = NOW_MS,
    attempts: int = 0,
    crashes: int = 0,
    token: int = 7,
    body: TaskBody | None = None,
) -> LeasedTask:
    """A task that a worker has leased, with its body decoded; by default it is due at NOW_MS."""
    body = body or TaskBody("send", ["somebody"])
    record = bytes(DIGEST_BYTES) + encode_task(body, 10_000)
    lease = Lease(id, token, score_of(priority, run_at_ms), attempts, crashes, 0, record)
    task = LeasedTask(lease, QUEUE, WORKER, claimed_s=0.0, trusted_until_s=27.0)
    task.body = body
    task.max_attempts = 5
    return task
