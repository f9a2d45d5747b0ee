"""Stores that a task starts, before its handler is called, and reads its checkpoint. Few tasks need this; it costs a
round trip, and another for the checkpoint.
"""

from redisched.codec import DIGEST_BYTES, encode_unfinished
from redisched.engine.attempt import Attempt
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.model import TaskState
from redisched.store.broker import AsyncBrokerClient
from redisched.store.operation import Operation, run_async
from redisched.store.values import OnlyStart, Renewal, Status


async def note_start(context: WorkerContext, client: AsyncBrokerClient, attempt: Attempt) -> bool:
    """Store that the handler of an attempt starts. Answers False if it must not start: the lease is lost, or Redis did
    not answer.
    """
    return await run_async(noting_start(context, attempt), client)


def noting_start(context: WorkerContext, attempt: Attempt) -> Operation[bool]:
    """As `note_start`, for any caller."""
    task = attempt.task
    started_ms = max(1, int(context.server_now_ms()))
    note = _start_once if attempt.entry.starts_once else _renew
    try:
        (status,) = yield from note(context, attempt, started_ms)
        if task.lease.has_checkpoint:
            task.checkpoint = yield from context.store_of(task).saved(task.lease.id)
    except BrokerError:
        return False
    return status is not Status.LOST


def _renew(context: WorkerContext, attempt: Attempt, started_ms: int) -> Operation[list[Status]]:
    task = attempt.task
    sent_s = context.clock.monotonic()
    renewal = Renewal(task.lease.id, task.lease.token, started_ms)
    statuses = yield from context.store_of(task).renew(context.lease_ms, [renewal])
    task.trusted_until_s = context.trusted_until_s(sent_s)
    return statuses


def _start_once(context: WorkerContext, attempt: Attempt, started_ms: int) -> Operation[list[Status]]:
    task, retention = attempt.task, attempt.retention()
    number, name = task.lease.attempts + 1, task.body.name
    lost = encode_unfinished(TaskState.LOST, name, retention.keep, number, task.worker, started_ms)
    outcome = task.lease.record[:DIGEST_BYTES] + lost
    start = OnlyStart(task.lease.id, task.lease.token, started_ms, retention.told_ms, outcome)
    return context.store_of(task).start([start])
