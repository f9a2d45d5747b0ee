"""A worker that claims tasks, brings each into a given state, and no longer runs when the dump is taken.

A real worker writes the name of its machine and the paths of its source files. This one writes an invented name and
invented errors. Everything else is the same: it calls the edges of the store.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

from redisched.codec import DIGEST_BYTES, decode_task, encode_failure, encode_outcome
from redisched.model import DeathReason, Failure, Keep, Outcome, TaskState, retention_of
from redisched.store.enqueued import Enqueued
from redisched.store.operation import Client, Operation, T, run
from redisched.store.store import Store
from redisched.store.values import (
    BLAMELESS,
    Ack,
    Bury,
    ClaimRequest,
    FailedAttempt,
    ForgetLimits,
    Lease,
    Orphan,
    ReapRequest,
    Release,
    Renewal,
    Status,
)
from tests.dumps.values import value

NAME = "worker-1.example:4711:0"
CRASH_LIMIT = 3
LEASE_MS = 30_000
LIMIT = 256 * 1024
_BATCH = 250
_TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/shop/tasks.py", line {line}, in {name}
    raise {error}
{error}
"""


class Taken(NamedTuple):
    """The leases of one claim on one shard, and the server's time of the claim."""

    store: Store
    leases: Sequence[Lease]
    now_ms: int


class LostWorker:
    """Works on every shard of a queue in turn."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._nonces = count(1)
        self._ended = count(1)

    def run(self, operation: Operation[T]) -> T:
        return run(operation, self._client)

    def claim(self, store: Store) -> list[Taken]:
        """Claim every task of a shard that is due within a second."""
        taken: list[Taken] = []
        while not taken or len(taken[-1].leases) == _BATCH:
            # Redis must keep the last claim, as after the kill of a worker. A claim that finds no task would remove it.
            request = ClaimRequest(
                worker=NAME,
                nonce=f"a.{next(self._nonces)}",
                limit=_BATCH,
                ahead_ms=1_000,
                ahead_limit=_BATCH,
                lease_ms=LEASE_MS,
            )
            claim = self.run(store.claim(request))
            taken.append(Taken(store, claim.leases, claim.now_us // 1000))
        return taken

    def reap(self, store: Store) -> None:
        """Become the reaper of a shard in which no lease has expired yet, and forget old tasks."""
        request = ReapRequest(
            worker=NAME,
            hold_ms=12_600,
            grace_ms=4_000,
            limit=100,
            crash_limit=CRASH_LIMIT,
            failure=failure("", "", reason=DeathReason.QUARANTINED),
            lease_ms=LEASE_MS,
        )
        assert self.run(store.reap(request)).tasks == []
        self.run(store.forget(ForgetLimits(limit=1_000, dead_retention_ms=30 * 86_400_000)))

    def succeed(self, taken: Taken, retention_ms: int, *, is_own: bool) -> None:
        """The handlers of the tasks return a value."""
        retention = retention_of(retention_ms, is_own=is_own)
        acks = []
        for lease in taken.leases:
            result = value(next(self._ended)) if retention_ms else None
            acks.append(Ack(lease.id, lease.token, retention.told_ms, self._outcome(lease, taken, result)))
        expect(Status.ACKED, self.run(taken.store.ack(acks)))

    def start(self, taken: Taken, started_ms: int | None = None) -> None:
        """Report with a renewal that the handlers of the tasks have started."""
        moment = taken.now_ms if started_ms is None else started_ms
        renewals = [Renewal(lease.id, lease.token, moment) for lease in taken.leases]
        expect(Status.RENEWED, self.run(taken.store.renew(LEASE_MS, renewals)))

    def stop(self, taken: Taken) -> None:
        """Report that the worker will stop soon: if it dies, that does not count as a crash of the tasks."""
        self.start(taken, BLAMELESS)

    def cancel(self, taken: Taken) -> None:
        """A client cancels the tasks while they are leased."""
        outcomes = [(lease.id, self._outcome(lease, taken, None, TaskState.CANCELLED)) for lease in taken.leases]
        cancellations = [(task_id, outcome[DIGEST_BYTES:]) for task_id, outcome in outcomes]
        expect(Status.CANCELLING, self.run(taken.store.cancel(600_000, cancellations)))

    def retry(
        self,
        taken: Taken,
        delay_ms: Callable[[int], int],
        expected: Status = Status.RETRIED,
        until_ms: int = 0,
    ) -> None:
        """The handlers of the tasks raise, and the tasks are tried again after a delay, but not from `until_ms` on; 0
        for no such time.
        """
        retries = [
            FailedAttempt(lease.id, lease.token, delay_ms(index), self._failure(lease, taken, ""), until_ms)
            for index, lease in enumerate(taken.leases)
        ]
        expect(expected, self.run(taken.store.retry(retries)))

    def bury(self, taken: Taken, reason: DeathReason, error: str = "") -> None:
        """The tasks become dead."""
        burials = [Bury(lease.id, lease.token, self._failure(lease, taken, reason, error)) for lease in taken.leases]
        expect(Status.BURIED, self.run(taken.store.bury(burials)))

    def release(self, taken: Taken, pause_ms: int, expected: Status = Status.RELEASED) -> None:
        """Release the tasks, as a worker does that has no handler for them."""
        releases = [Release(lease.id, lease.token, pause_ms) for lease in taken.leases]
        expect(expected, self.run(taken.store.release(releases)))

    def crash(self, taken: Taken, expected: Status = Status.RECOVERED) -> None:
        """The processes of the tasks die; their worker still runs, so Redis keeps its last claim."""
        orphans = [Orphan(lease.id, lease.token, 1) for lease in taken.leases]
        said = f"{CRASH_LIMIT} worker processes died under it"
        encoded = failure("", said, reason=DeathReason.QUARANTINED)
        expect(expected, self.run(taken.store.recover("", CRASH_LIMIT, encoded, orphans)))

    def _outcome(self, lease: Lease, taken: Taken, result: Any, state: TaskState = TaskState.SUCCEEDED) -> bytes:
        body = decode_task(lease.record, LIMIT)
        outcome = Outcome(state, body.name, lease.attempts + 1, NAME, taken.now_ms, taken.now_ms + 3, result)
        return lease.record[:DIGEST_BYTES] + encode_outcome(outcome, LIMIT, body.keep or Keep.RESULT)

    def _failure(self, lease: Lease, taken: Taken, reason: str, error: str = "") -> bytes:
        name = "" if reason is DeathReason.UNDECODABLE else decode_task(lease.record, LIMIT).name
        said = error or f"ConnectionError: the gateway of {name} does not answer"
        return failure(
            name,
            said,
            traceback="" if error else _TRACEBACK.format(line=40 + lease.attempts, name=name, error=said),
            attempt=lease.attempts + 1,
            worker=NAME,
            failed_ms=taken.now_ms,
            reason=reason,
        )


def failure(name: str, error: str, **known: Any) -> bytes:
    """A failure as it is stored."""
    return encode_failure(Failure(name=name, error=error, **known))


def expect(status: Status, statuses: Sequence[Enqueued]) -> None:
    """Fail unless every task of a call has this status."""
    assert set(statuses) <= {status}, f"expected only {status}, got {sorted(set(statuses))}"
