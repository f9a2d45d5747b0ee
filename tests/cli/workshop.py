"""What workers do to tasks, done by hand, one edge at a time."""

from typing import Any

from redisched.codec import encode_failure, encode_outcome
from redisched.model import DeathReason, Failure, Keep, Outcome, TaskState
from redisched.progress import Progress, encode_lines, encode_progress
from redisched.store.broker import Broker
from redisched.store.operation import Operation, T, run
from redisched.store.report import Report
from redisched.store.store import Store
from redisched.store.values import Ack, Bury, ClaimRequest, FailedAttempt, Lease, NewTask, Renewal

WORKER = "worker-1"
_LIMIT = 1 << 20


class Workshop:
    """The tasks of a queue, moved by hand."""

    def __init__(self, broker: Broker, queue: str) -> None:
        self.store = Store(broker.script_runner, queue)
        self._client = broker.client()
        self._nonce = 0

    def do(self, operation: Operation[T]) -> T:
        return run(operation, self._client)

    def add(self, task: NewTask) -> None:
        """Enqueue a task with any record and any id."""
        self.do(self.store.register())
        self.do(self.store.enqueue([task]))

    def claim(self) -> Lease:
        """Lease the next task, which must be due."""
        self._nonce += 1
        request = ClaimRequest(
            worker=WORKER, nonce=str(self._nonce), limit=1, ahead_ms=0, ahead_limit=0, lease_ms=30_000
        )
        (lease,) = self.do(self.store.claim(request)).leases
        return lease

    def start(self, lease: Lease) -> None:
        """Mark a leased task as running."""
        self.do(self.store.renew(30_000, [Renewal(lease.id, lease.token, 1)]))

    def tell(self, lease: Lease, progress: Progress | None = None, log: str = "", number: int = 0) -> None:
        """Store what a handler tells; `number` lines of it came before."""
        lines = b"".join(encode_lines(log, lease.attempts + 1, 1_000)) if log else b""
        told = b"" if progress is None else encode_progress(progress)
        self.do(self.store.report([Report(lease.id, lease.token, number, 1, told, lines)]))

    def succeed(self, lease: Lease, result: object, keep: Keep = Keep.RESULT) -> None:
        outcome = Outcome(TaskState.SUCCEEDED, "add", attempt=1, worker=WORKER, started_ms=1_000, result=result)
        encoded = lease.record[:8] + encode_outcome(outcome, _LIMIT, keep)
        self.do(self.store.ack([Ack(lease.id, lease.token, 60_000, encoded)]))

    def fail(self, lease: Lease, error: str) -> None:
        """Let an attempt fail; the next one is due in an hour."""
        failure = encode_failure(Failure(name="add", error=error, attempt=1, worker=WORKER))
        self.do(self.store.retry([FailedAttempt(lease.id, lease.token, 3_600_000, failure)]))

    def retry(self, lease: Lease, failure: Failure) -> None:
        """Let an attempt fail; the next one is due at once."""
        self.do(self.store.retry([FailedAttempt(lease.id, lease.token, 0, encode_failure(failure))]))

    def bury(self, lease: Lease, error: str = "ValueError: no", traceback: str = "Traceback: here") -> None:
        failure = Failure(
            name="add", error=error, traceback=traceback, attempt=5, worker=WORKER, reason=DeathReason.ATTEMPTS
        )
        self.do(self.store.bury([Bury(lease.id, lease.token, encode_failure(failure))]))

    def perform(self, *words: str | bytes) -> Any:
        """Send a bare command, as another program might."""
        return self._client.perform(words)

    def keys(self) -> list[bytes]:
        """All keys."""
        found: list[bytes] = self.perform("KEYS", "*")
        return found
