"""The transitions of the state machine as typed methods, one per script. Each operation is safe to repeat."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from redisched.codec import DIGEST_BYTES
from redisched.errors import ShardMapDamaged
from redisched.keys import Keys
from redisched.shard_map import ShardMap
from redisched.store.dead_task import DeadTask
from redisched.store.enqueued import Enqueued
from redisched.store.operation import Argument, Operation, Pipeline, ScriptRunner
from redisched.store.repair import Balance, Repair, Scrubbed, ScrubRequest
from redisched.store.report import Report
from redisched.store.shard import ENQUEUED, ShardScripts, enqueued_in, flat, id_bytes, id_text
from redisched.store.tries import UNTRIED, tries_of
from redisched.store.values import (
    Ack,
    Bury,
    Checkpoint,
    Claim,
    ClaimRequest,
    Crash,
    Expired,
    ExpireRequest,
    FailedAttempt,
    ForgetLimits,
    Forgotten,
    KnownTask,
    Lease,
    NewTask,
    OnlyStart,
    Orphan,
    Reaped,
    ReapOutcome,
    ReapRequest,
    Release,
    Renewal,
    Reprioritization,
    SnoozedTask,
    Status,
)

_RESUMABLE = b"+"
"""With this the tries of a task end that has a checkpoint."""
NOBODY = ""
"""In place of the name of a dead worker, if tasks are recovered although their worker lives."""


def register(script_runner: ScriptRunner, queues: Sequence[str]) -> Operation[None]:
    """Add queues to the set of all queues, which listings read."""
    yield ("SADD", script_runner.queues_key, *queues)


class Store:
    """The transitions of one shard of a queue. Methods return operations, to be run blocking or under asyncio."""

    def __init__(self, script_runner: ScriptRunner, queue: str, shard: int = 0) -> None:
        self.queue = queue
        self.shard = shard
        self._script_runner = script_runner
        self._scripts = ShardScripts(script_runner, queue, shard)
        self.keys: Keys = self._scripts.keys

    def script_keys(self, name: str) -> tuple[str, ...]:
        """Return the keys of this shard that a script takes, in its order."""
        return self._scripts.keys_of(name)

    def register(self) -> Operation[None]:
        """Add the queue to the set of all queues, which listings read."""
        return register(self._script_runner, [self.queue])

    def shard_map(self) -> Operation[ShardMap]:
        """Return the shard map of the queue from this shard's copy. Raises ShardMapDamaged if it cannot be read."""
        return self._shard_map((yield ("GET", self.keys.layout)))

    def add_shards(self, shard_map: ShardMap) -> Operation[Status]:
        """Replace the shard's copy of the shard map by a later map: ADDED, ALREADY or CONFLICT."""
        (status,) = yield from self._scripts.settle("add_shards", {"later": str(shard_map)})
        return status

    def known(self, shard_map: ShardMap, tasks: Sequence[NewTask]) -> Operation[list[Status]]:
        """Look up tasks in this shard: EXISTS, CONFLICT or UNKNOWN for each; STALE_SHARD_MAP if `shard_map` is not the
        shard's.
        """
        rows = [KnownTask(task.id, task.record[:DIGEST_BYTES]) for task in tasks]
        return self._scripts.settle("read/known", {"shard_map": str(shard_map)}, rows)

    def enqueue(self, tasks: Sequence[NewTask], shard_map: ShardMap | None = None) -> Operation[list[Enqueued]]:
        """Add tasks: CREATED, EXISTS, CONFLICT, TOO_LATE or Duplicate for each; STALE_SHARD_MAP for all if `shard_map`
        is not the shard's.
        """
        arguments = {"shard_map": _named(shard_map)}
        return enqueued_in((yield from self._scripts.call("enqueue", arguments, tasks, self._enqueue_keys(tasks))))

    def enqueue_loaded(self, task: NewTask, shard_map: ShardMap | None = None) -> Operation[Enqueued]:
        """Add one task with the least work. Raises ScriptMissing if the server has not loaded the script."""
        keys = self._scripts.all_keys_of("enqueue") if task.traits else self._scripts.keys_of("enqueue")
        named = "" if shard_map is None else str(shard_map)
        (answer,) = yield self._script_runner.command("enqueue", keys, (named, *task))
        return ENQUEUED[answer]

    def enqueue_many(
        self, chunks: Iterable[Sequence[NewTask]], shard_map: ShardMap | None = None
    ) -> Operation[list[list[Enqueued]]]:
        """Add chunks of tasks in one pipeline, each chunk as `enqueue` does.

        Returns the statuses of the chunks before the first that failed. To learn why it failed, call `enqueue` with it.
        """
        replies = yield Pipeline(
            self._scripts.command("enqueue", (_named(shard_map), *flat(chunk)), self._enqueue_keys(chunk))
            for chunk in chunks
        )
        return [enqueued_in(reply) for reply in replies]

    def claim(self, request: ClaimRequest) -> Operation[Claim]:
        """Lease due tasks, best priority first, and those due within `ahead_ms`; end those that may not start."""
        reply = yield from self._scripts.call("claim", _named_values(request))
        if reply[0] != b"CLAIMED":
            return Claim(int(reply[1]), _whole_or_none(reply[2]), [], reply[0] == b"PAUSED")
        token = int(reply[2])
        rows = zip(reply[4::4], reply[5::4], reply[6::4], reply[7::4], strict=True)
        return Claim(int(reply[1]), _whole_or_none(reply[3]), [_lease(token, *row) for row in rows])

    def renew(self, lease_ms: int, renewals: Sequence[Renewal]) -> Operation[list[Status]]:
        """Extend leases: RENEWED, CANCELLING or LOST for each."""
        return self._scripts.settle("renew", {"lease_ms": lease_ms}, renewals)

    def start(self, starts: Sequence[OnlyStart]) -> Operation[list[Status]]:
        """Note that tasks start that may start only once: STARTED or LOST for each."""
        return self._scripts.settle("start", rows=starts)

    def checkpoint(self, checkpoints: Sequence[Checkpoint]) -> Operation[list[Status]]:
        """Save how far tasks have come, for their next attempts: SAVED or LOST for each."""
        return self._scripts.settle("checkpoint", rows=checkpoints)

    def report(self, reports: Sequence[Report]) -> Operation[list[Status]]:
        """Store how far tasks have come, and lines of their logs: REPORTED or LOST for each."""
        return self._scripts.settle("report", rows=reports)

    def saved(self, task_id: str) -> Operation[bytes]:
        """Return the checkpoint of a task as it was saved, empty if it has none."""
        return (yield ("HGET", self.keys.checkpoints, id_bytes(task_id))) or b""

    def ack(self, acks: Sequence[Ack]) -> Operation[list[Status]]:
        """End leased tasks with their outcomes: ACKED, ALREADY or LOST for each."""
        return self._scripts.settle("ack", rows=acks)

    def retry(self, retries: Sequence[FailedAttempt]) -> Operation[list[Status]]:
        """Let failed tasks wait for another attempt: RETRIED, BURIED, CANCELLED, NOT_AGAIN, ALREADY or LOST."""
        return self._scripts.settle("retry", rows=retries)

    def snooze(self, tasks: Sequence[SnoozedTask]) -> Operation[list[Status]]:
        """Let leased tasks wait, with no attempt counted: SNOOZED, BURIED, CANCELLED, NOT_AGAIN or LOST for each."""
        return self._scripts.settle("snooze", rows=tasks)

    def release(self, releases: Sequence[Release]) -> Operation[list[Status]]:
        """Let leased tasks wait that were not run: RELEASED, CANCELLED, NOT_AGAIN or LOST for each."""
        return self._scripts.settle("release", rows=releases)

    def bury(self, burials: Sequence[Bury]) -> Operation[list[Status]]:
        """End tasks as dead: BURIED, ALREADY or LOST for each."""
        return self._scripts.settle("bury", rows=burials)

    def reap(self, request: ReapRequest) -> Operation[Reaped]:
        """Recover tasks whose lease expired, unless another worker is the reaper or the grace after an outage runs."""
        reply = yield from self._scripts.call("reap", _named_values(request))
        outcome, until_ms, shard_map = (
            ReapOutcome(reply[0].decode()),
            _whole_or_none(reply[3]),
            self._shard_map(reply[2]),
        )
        if outcome is not ReapOutcome.REAPED:
            return Reaped(outcome, int(reply[1]), until_ms, [], shard_map)
        tasks = [(id_text(reply[at]), Status(reply[at + 1].decode())) for at in range(5, len(reply), 2)]
        return Reaped(outcome, int(reply[1]), until_ms, tasks, shard_map, _whole_or_none(reply[4]))

    def recover(
        self, worker: str, crash_limit: int, failure: bytes, orphans: Sequence[Orphan]
    ) -> Operation[list[Status]]:
        """Recover the tasks of a dead worker: RECOVERED, QUARANTINED, CANCELLED, NOT_AGAIN or LOST for each."""
        arguments: Mapping[str, Argument] = {"worker": worker, "crash_limit": crash_limit, "failure": failure}
        return self._scripts.settle("recover", arguments, orphans)

    def leave(self, worker: str) -> Operation[None]:
        """Delete the stored claim of a worker that has stopped, and wake another worker if tasks wait.

        Tasks that it still has leased stay leased until their leases expire.
        """
        yield from self.recover(worker, 1, b"", [])

    def crash(self, crashes: Sequence[Crash]) -> Operation[list[Status]]:
        """Recover tasks whose own process died: RECOVERED, QUARANTINED, CANCELLED, NOT_AGAIN or LOST for each.

        Each task is recovered by its own call, because only it can have caused the crash.
        """
        statuses = []
        for task_id, token, crash_limit, failure in crashes:
            statuses += yield from self.recover(NOBODY, crash_limit, failure, [Orphan(task_id, token, 1)])
        return statuses

    def cancel(self, retention_ms: int, cancellations: Sequence[tuple[str, bytes]]) -> Operation[list[Status]]:
        """Cancel tasks, each given as id and outcome: CANCELLED, CANCELLING, ENDED or UNKNOWN for each."""
        return self._scripts.settle("cancel", {"retention_ms": retention_ms}, cancellations)

    def revive(
        self, ids: Sequence[str], body: bytes = b"", shard_map: ShardMap | None = None
    ) -> Operation[list[Status]]:
        """Let dead tasks run again, with another body if given: REVIVED, TAKEN, ALREADY, NOT_AGAIN or UNKNOWN for each;
        STALE_SHARD_MAP for all if `shard_map` is not the shard's.
        """
        return self._scripts.settle("revive", {"shard_map": _named(shard_map)}, [(id, body) for id in ids])

    def take_over(self, tasks: Sequence[DeadTask], shard_map: ShardMap) -> Operation[list[Status]]:
        """Store dead tasks of another shard: MOVED or ALREADY for each; STALE_SHARD_MAP for all if `shard_map` is not
        the shard's.
        """
        return self._scripts.settle("take_over", {"shard_map": str(shard_map)}, tasks)

    def hand_over(self, ids: Sequence[str]) -> Operation[list[Status]]:
        """Forget dead tasks that another shard has taken over: MOVED or UNKNOWN for each."""
        return self._scripts.settle("hand_over", rows=[(id,) for id in ids])

    def discard(self, retention_ms: int, outcomes: Sequence[tuple[str, bytes]]) -> Operation[list[Status]]:
        """End dead tasks for good, each given as id and outcome: DISCARDED, ALREADY or UNKNOWN for each."""
        return self._scripts.settle("discard", {"retention_ms": retention_ms}, outcomes)

    def reprioritize(self, changes: Sequence[Reprioritization]) -> Operation[list[Status]]:
        """Change priority and time of waiting tasks: REPRIORITIZED, LEASED, TOO_LATE, EXPIRES, ENDED or UNKNOWN for
        each.
        """
        return self._scripts.settle("reprioritize", rows=changes)

    def expire(self, request: ExpireRequest) -> Operation[Expired]:
        """End waiting tasks that may not start any more."""
        reply = yield from self._scripts.call("expire", _named_values(request))
        return Expired(int(reply[1]), int(reply[2]))

    def forget(self, limits: ForgetLimits) -> Operation[Forgotten]:
        """Delete ended tasks whose retention is over, and the oldest if there are too many; see ForgetLimits."""
        reply = yield from self._scripts.call("forget", _named_values(limits))
        return Forgotten(int(reply[1]), int(reply[2]))

    def scrub(self, request: ScrubRequest) -> Operation[Scrubbed]:
        """Search a part of the shard for tasks that are in two states at once, or in none, and repair them."""
        arguments = _named_values(request)
        reply = yield from self._scripts.call("scrub", arguments, [(part,) for part in request.parts])
        repairs = [(id_text(reply[at]), Repair(reply[at + 1].decode())) for at in range(6, len(reply), 2)]
        return Scrubbed(request.parts[int(reply[1]) :], reply[2].decode(), Balance(*reply[3:6]), repairs)

    def wake(self) -> Operation[None]:
        """Wake another worker in place of this one, which was woken but does not claim."""
        yield from self._scripts.call("wake")

    def _enqueue_keys(self, tasks: Iterable[NewTask]) -> tuple[str, ...]:
        for task in tasks:
            if task.traits:
                return self._scripts.all_keys_of("enqueue")
        return self._scripts.keys_of("enqueue")

    def _shard_map(self, stored: bytes | None) -> ShardMap:
        shard_map = ShardMap.read(stored)
        if shard_map is None:
            raise ShardMapDamaged(self.queue, self.keys.layout, id_text(stored or b""))
        return shard_map


def _lease(token: int, task_id: bytes, score: bytes, tries: bytes, record: bytes | int) -> Lease:
    if tries or isinstance(record, int):
        record, too_long = (b"", record) if isinstance(record, int) else (record, 0)
        attempts, crashes, redeliveries = tries_of(tries.removesuffix(_RESUMABLE))
        return Lease(
            id_text(task_id),
            token,
            int(score),
            attempts,
            crashes,
            redeliveries,
            record,
            too_long,
            tries.endswith(_RESUMABLE),
        )
    # Most tasks were never tried, and the constructor of a NamedTuple costs twice as much.
    return tuple.__new__(Lease, (id_text(task_id), token, int(score), *UNTRIED, record, 0, False))


def _named(shard_map: ShardMap | None) -> str:
    return "" if shard_map is None else str(shard_map)


def _named_values(
    request: ClaimRequest | ExpireRequest | ForgetLimits | ReapRequest | ScrubRequest,
) -> Mapping[str, Argument]:
    """Return the arguments of a script by the names in its header, which are those of the fields of the request."""
    return {field.name: getattr(request, field.name) for field in fields(request)}


def _whole_or_none(text: bytes) -> int | None:
    return int(text) if text else None
