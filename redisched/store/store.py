"""The edges of the state machine as typed methods, one per script, each an operation safe to repeat."""

from collections.abc import Iterable, Sequence
from typing import Any

from redisched.codec import DIGEST_BYTES
from redisched.errors import LayoutDamaged
from redisched.keys import Keys
from redisched.layout import Layout
from redisched.store.operation import Argument, Dialect, Operation, Pipeline
from redisched.store.repair import Balance, Repair, Scrubbed, ScrubRequest
from redisched.store.values import (
    UNTRIED,
    Ack,
    Bury,
    Claim,
    ClaimRequest,
    Crash,
    ForgetLimits,
    Forgotten,
    Lease,
    NewTask,
    Orphan,
    Reaped,
    ReapOutcome,
    ReapRequest,
    Release,
    Renewal,
    Retry,
    Status,
    tries_of,
)

NOBODY = ""
"""Names no worker: tasks are recovered, and yet no worker process died."""


def register(dialect: Dialect, queues: Sequence[str]) -> Operation[None]:
    """Make queues known to those who list queues."""
    yield ("SADD", dialect.queues_key, *queues)


class Store:
    """The edges of one shard of a queue. Every method returns an operation; run it blocking or under asyncio."""

    def __init__(self, dialect: Dialect, queue: str, shard: int = 0) -> None:
        self.queue = queue
        self.shard = shard
        self.keys: Keys = dialect.keys_of(queue, shard)
        self._dialect = dialect

    def register(self) -> Operation[None]:
        """Make the queue known to those who list queues."""
        return register(self._dialect, [self.queue])

    def layout(self) -> Operation[Layout]:
        """The layout of the queue as this shard knows it. Raises LayoutDamaged."""
        return self._layout((yield ("GET", self.keys.layout)))

    def grow(self, layout: Layout) -> Operation[Status]:
        """Give the shard a later layout: GROWN, ALREADY or CONFLICT."""
        return _STATUSES[(yield from self._dialect.call("grow", (self.keys.layout,), (str(layout),)))[0]]

    def known(self, layout: Layout, tasks: Sequence[NewTask]) -> Operation[list[Status]]:
        """Look whether tasks are here: EXISTS, CONFLICT, UNKNOWN, or STALE under another layout, for each."""
        k = self.keys
        arguments = [str(layout), *_flat((task.id, task.record[:DIGEST_BYTES]) for task in tasks)]
        return _statuses((yield from self._dialect.call("read/known", (k.tasks, k.outcomes, k.layout), arguments)))

    def enqueue(self, tasks: Sequence[NewTask], layout: Layout | None = None) -> Operation[list[Status]]:
        """Add tasks: CREATED, EXISTS, CONFLICT or BEYOND for each; STALE for all if the queue has another layout."""
        return _statuses((yield from self._dialect.call("enqueue", self._enqueue_keys(), _new(layout, tasks))))

    def enqueue_loaded(self, task: NewTask, layout: Layout | None = None) -> Operation[Status]:
        """Add one task in the shortest way. Raises ScriptMissing where `enqueue` would load the script."""
        (status,) = yield self._dialect.command("enqueue", self._enqueue_keys(), (_named(layout), *task))
        return _STATUSES[status]

    def enqueue_many(
        self, chunks: Iterable[Sequence[NewTask]], layout: Layout | None = None
    ) -> Operation[list[list[Status]]]:
        """Add chunks of tasks, each as `enqueue` does, while Redis has the one before.

        Answers for as many of the first chunks as went well; `enqueue` tells why the next did not.
        """
        keys = self._enqueue_keys()
        replies = yield Pipeline(self._dialect.command("enqueue", keys, _new(layout, chunk)) for chunk in chunks)
        return [_statuses(reply) for reply in replies]

    def claim(self, request: ClaimRequest) -> Operation[Claim]:
        """Lease the best due tasks and those about to fall due."""
        k = self.keys
        keys = (k.waiting, k.tasks, k.leases, k.held, k.tries, k.claims, k.fence, k.wake)
        arguments = (
            request.worker,
            request.nonce,
            request.limit,
            request.ahead_ms,
            request.ahead_limit,
            request.lease_ms,
            request.longest_record,
        )
        reply = yield from self._dialect.call("claim", keys, arguments)
        if reply[0] == b"EMPTY":
            return Claim(int(reply[1]), _whole_or_none(reply[2]), [])
        token = int(reply[2])
        rows = zip(reply[4::4], reply[5::4], reply[6::4], reply[7::4], strict=True)
        return Claim(int(reply[1]), _whole_or_none(reply[3]), [_lease(token, *row) for row in rows])

    def renew(self, lease_ms: int, renewals: Sequence[Renewal]) -> Operation[list[Status]]:
        """Lengthen leases: RENEWED, CANCELLING or LOST for each."""
        k = self.keys
        reply = yield from self._dialect.call("renew", (k.leases, k.held, k.cancelling), [lease_ms, *_flat(renewals)])
        return _statuses(reply)

    def ack(self, acks: Sequence[Ack]) -> Operation[list[Status]]:
        """End tasks: ACKED, ALREADY or LOST for each."""
        k = self.keys
        keys = (k.tasks, k.leases, k.held, k.tries, k.failures, k.cancelling, k.outcomes, k.finished)
        return _statuses((yield from self._dialect.call("ack", keys, _flat(acks))))

    def retry(self, retries: Sequence[Retry]) -> Operation[list[Status]]:
        """Let failed tasks wait for another attempt: RETRIED, CANCELLED, ALREADY or LOST for each."""
        return _statuses((yield from self._dialect.call("retry", self._return_keys(), _flat(retries))))

    def release(self, releases: Sequence[Release]) -> Operation[list[Status]]:
        """Give tasks back unrun: RELEASED, CANCELLED or LOST for each."""
        return _statuses((yield from self._dialect.call("release", self._return_keys(), _flat(releases))))

    def bury(self, burials: Sequence[Bury]) -> Operation[list[Status]]:
        """End tasks as dead: BURIED, ALREADY or LOST for each."""
        k = self.keys
        keys = (k.leases, k.held, k.tries, k.failures, k.dead, k.cancelling)
        return _statuses((yield from self._dialect.call("bury", keys, _flat(burials))))

    def reap(self, request: ReapRequest) -> Operation[Reaped]:
        """Take back tasks whose lease ended, unless another worker does or an outage's grace runs."""
        arguments = (
            request.worker,
            request.hold_ms,
            request.grace_ms,
            request.limit,
            request.crash_limit,
            request.failure,
            request.lease_ms,
        )
        keys = (*self._crash_keys(), self.keys.reaper, self.keys.layout)
        reply = yield from self._dialect.call("reap", keys, arguments)
        tasks = [(id_text(reply[at]), Status(reply[at + 1].decode())) for at in range(4, len(reply), 2)]
        outcome, until_ms = ReapOutcome(reply[0].decode()), _whole_or_none(reply[3])
        return Reaped(outcome, int(reply[1]), until_ms, tasks, self._layout(reply[2]))

    def recover(
        self, worker: str, crash_limit: int, failure: bytes, orphans: Sequence[Orphan]
    ) -> Operation[list[Status]]:
        """Take back a dead worker's tasks: RECOVERED, QUARANTINED, CANCELLED or LOST for each."""
        arguments = [worker, crash_limit, failure, *_flat(orphans)]
        return _statuses((yield from self._dialect.call("recover", self._crash_keys(), arguments)))

    def leave(self, worker: str) -> Operation[None]:
        """Forget the claims of a worker that has stopped, and wake another if tasks wait. What it still holds it keeps
        until its leases end.
        """
        yield from self.recover(worker, 1, b"", [])

    def crash(self, crashes: Sequence[Crash]) -> Operation[list[Status]]:
        """Take back tasks whose own process died: RECOVERED, QUARANTINED, CANCELLED or LOST for each.

        One by one: no other task had a part in it.
        """
        statuses = []
        for task_id, token, crash_limit, failure in crashes:
            statuses += yield from self.recover(NOBODY, crash_limit, failure, [Orphan(task_id, token, 1)])
        return statuses

    def cancel(self, retention_ms: int, cancellations: Sequence[tuple[str, bytes]]) -> Operation[list[Status]]:
        """Cancel tasks, given id and outcome: CANCELLED, CANCELLING, ENDED or UNKNOWN for each."""
        k = self.keys
        keys = (k.waiting, k.tasks, k.held, k.tries, k.failures, k.dead, k.cancelling, k.outcomes, k.finished)
        return _statuses((yield from self._dialect.call("cancel", keys, [retention_ms, *_flat(cancellations)])))

    def revive(self, ids: Sequence[str]) -> Operation[list[Status]]:
        """Let dead tasks run again: REVIVED, ALREADY or UNKNOWN for each."""
        k = self.keys
        keys = (k.waiting, k.tasks, k.tries, k.failures, k.dead, k.wake)
        return _statuses((yield from self._dialect.call("revive", keys, [id_bytes(id) for id in ids])))

    def forget(self, limits: ForgetLimits) -> Operation[Forgotten]:
        """Remove ended tasks whose retention is over, and outcomes of which there are too many."""
        k = self.keys
        keys = (k.tasks, k.tries, k.failures, k.dead, k.outcomes, k.finished)
        arguments = (limits.tasks, limits.dead_retention_ms, limits.kept, limits.sooner_ms)
        reply = yield from self._dialect.call("forget", keys, arguments)
        return Forgotten(int(reply[1]), int(reply[2]))

    def scrub(self, request: ScrubRequest) -> Operation[Scrubbed]:
        """Look through a part of the queue for tasks that are in two places or in none, and repair them."""
        arguments: tuple[Argument, ...] = (
            request.cursor,
            request.limit,
            request.lease_ms,
            request.retention_ms,
            request.priority,
            request.no_record,
            request.no_failure,
            *request.parts,
        )
        reply = yield from self._dialect.call("scrub", self._scrub_keys(), arguments)
        repairs = [(id_text(reply[at]), Repair(reply[at + 1].decode())) for at in range(6, len(reply), 2)]
        return Scrubbed(request.parts[int(reply[1]) :], reply[2].decode(), Balance(*reply[3:6]), repairs)

    def wake(self) -> Operation[None]:
        """Wake another worker in place of this one."""
        yield from self._dialect.call("wake", (self.keys.wake,), ())

    def _layout(self, stored: bytes | None) -> Layout:
        layout = Layout.read(stored)
        if layout is None:
            raise LayoutDamaged(self.queue, self.keys.layout, id_text(stored or b""))
        return layout

    def _enqueue_keys(self) -> tuple[str, ...]:
        k = self.keys
        return (k.waiting, k.tasks, k.outcomes, k.wake, k.layout)

    def _return_keys(self) -> tuple[str, ...]:
        k = self.keys
        return (k.waiting, k.tasks, k.leases, k.held, k.tries, k.failures, k.cancelling, k.outcomes, k.finished, k.wake)

    def _crash_keys(self) -> tuple[str, ...]:
        return (*self._task_keys(), self.keys.claims, self.keys.wake)

    def _scrub_keys(self) -> tuple[str, ...]:
        return (*self._task_keys(), self.keys.wake, self.keys.repairs)

    def _task_keys(self) -> tuple[str, ...]:
        """Every key that may hold something of a task."""
        k = self.keys
        return (
            k.waiting,
            k.tasks,
            k.leases,
            k.held,
            k.tries,
            k.failures,
            k.dead,
            k.cancelling,
            k.outcomes,
            k.finished,
        )


_STATUSES = {status.value.encode(): status for status in Status}


def id_text(stored: bytes) -> str:
    """An id as text. One that somebody else wrote may be none: then it comes back as the same bytes all the same."""
    return stored.decode(errors="surrogateescape")


def id_bytes(task_id: str) -> Argument:
    """An id as it is stored."""
    return task_id if task_id.isascii() else task_id.encode(errors="surrogateescape")


def _lease(token: int, task_id: bytes, score: bytes, tries: bytes, record: bytes | int) -> Lease:
    attempts, crashes, bounces = tries_of(tries) if tries else UNTRIED
    record, too_long = (b"", record) if isinstance(record, int) else (record, 0)
    return Lease(id_text(task_id), token, int(score), attempts, crashes, bounces, record, too_long)


def _statuses(reply: list[bytes]) -> list[Status]:
    return [_STATUSES[status] for status in reply]


def _new(layout: Layout | None, tasks: Sequence[NewTask]) -> list[Argument]:
    return [_named(layout), *_flat(tasks)]


def _named(layout: Layout | None) -> str:
    return "" if layout is None else str(layout)


def _flat(rows: Iterable[Sequence[Any]]) -> list[Argument]:
    """The rows of a call one after the other; each begins with an id."""
    flat: list[Argument] = []
    for row in rows:
        flat += row
        if not row[0].isascii():
            flat[-len(row)] = id_bytes(row[0])
    return flat


def _whole_or_none(text: bytes) -> int | None:
    return int(text) if text else None
