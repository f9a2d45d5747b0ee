"""Records the server's replies as a proxy saw them, including those that never reached a client.

A worker knows only the replies that it received, and a killed worker reports nothing. Only the server's replies show
whether a completion was accepted, and whether a lease had ended before the next one began.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from redisched.chaos.history.record import Claimed, Paused, Record, Resumed, Settled, Unanswered, Waiting
from redisched.chaos.history.recorder import Recorder
from redisched.chaos.history.script_rows import rows_of_call
from redisched.chaos.history.slot_replies import SCHEDULING, scheduled
from redisched.chaos.link import Exchange, NoReply
from redisched.keys import queue_of_shard
from redisched.model import band_of, run_at_of
from redisched.store.pausing import QueuePause
from redisched.store.shard import ALL_KEYS, id_text
from redisched.store.values import Status

_SETTLING = frozenset({"ack", "bury", "cancel", "delete", "recover", "release", "retry", "revive", "snooze"})
_OTHERS = frozenset({"enqueue", "claim", "reap", "pause", "resume"})
_DELAYS = ("delay_ms", "pause_ms")
"""The names of the columns that say how long a task waits."""
_STAYS = frozenset(
    {Status.ALREADY, Status.LOST, Status.CANCELLING, Status.ENDED, Status.UNKNOWN, Status.TAKEN}
    | {Status.NOT_AGAIN, Status.STALE_SHARD_MAP, Status.LEASED}
)
"""The statuses that a script returns when it does not change the task."""
_WAITS_AGAIN = frozenset({Status.RETRIED, Status.RELEASED, Status.RECOVERED, Status.REVIVED})


class _Lease(NamedTuple):
    fence: int
    due_ms: int


class ReplyObserver:
    """Records what passes a proxy: `Proxy(url, observe=ReplyObserver(recorder).observe)`.

    Every connection of the run should go through this proxy.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lock = threading.Lock()
        self._leases: dict[tuple[str, str], _Lease] = {}
        self._replaced: dict[tuple[str, str], _Lease] = {}

    def observe(self, exchange: Exchange) -> None:
        """Record what a command and its reply say about tasks."""
        name, words, reply = exchange
        if name not in _SETTLING and name not in SCHEDULING and name not in _OTHERS:
            return
        if isinstance(reply, Exception) or reply == ALL_KEYS:
            return
        queue = queue_of_shard(words[3].partition(b"{")[2].partition(b"}")[0].decode())
        arguments = words[3 + int(words[2]) :]
        with self._lock:
            self._recorder.write(*self._records(name, queue, arguments, reply))

    def _records(self, name: str, queue: str, arguments: Sequence[bytes], reply: Any) -> Iterator[Record]:
        if reply is NoReply.NO_REPLY:
            return iter((Unanswered(at_ms=self._recorder.now_ms(), queue=queue, edge=name),))
        if name in SCHEDULING:
            return scheduled(self._recorder.now_ms(), queue, name, arguments, reply)
        if name == "enqueue":
            return self._enqueued(queue, arguments, reply)
        if name == "claim":
            return self._claimed(queue, arguments, reply)
        if name == "reap":
            return self._reaped(queue, reply)
        if name in ("pause", "resume"):
            return self._paused(queue, arguments)
        return self._answered(queue, name, arguments, reply)

    def _enqueued(self, queue: str, arguments: Sequence[bytes], reply: list[bytes]) -> Iterator[Record]:
        now_ms = self._recorder.now_ms()
        for row, status in zip(rows_of_call("enqueue", arguments), reply, strict=True):
            if status == Status.CREATED.encode():
                task, when = id_text(row["id"]), row["when"]
                due_ms = int(when[1:]) + (now_ms if when[:1] == b"+" else 0)
                yield Waiting(at_ms=now_ms, queue=queue, task=task, priority=int(row["priority"]), due_ms=due_ms)

    def _claimed(self, queue: str, arguments: Sequence[bytes], reply: list[Any]) -> Iterator[Record]:
        if reply[0] != b"CLAIMED":
            return
        worker, fence = arguments[0].decode(errors="backslashreplace"), int(reply[2])
        for id, score_text, _, _ in _rows(reply[4:], 4):
            task, score = id_text(id), int(score_text)
            held = self._leases.get((queue, task))
            if held is not None and held.fence == fence:
                continue  # the answer to a request whose first reply was lost
            if held is not None:
                self._replaced[queue, task] = held
            self._leases[queue, task] = _Lease(fence, run_at_of(score))
            yield Claimed(
                at_ms=int(reply[1]) / 1e3,
                queue=queue,
                task=task,
                fence=fence,
                worker=worker,
                priority=band_of(score),
                due_ms=run_at_of(score),
            )

    def _reaped(self, queue: str, reply: list[Any]) -> Iterator[Record]:
        """The reply to a later claim, on another connection, may have been observed before this reply."""
        reaped_us = int(reply[1]) * 1_000
        for id, status in _rows(reply[5:], 2):
            lease, fence = self._leases.get((queue, id_text(id))), None
            if lease is not None and lease.fence >= reaped_us:
                replaced = self._replaced.pop((queue, id_text(id)), None)
                fence = None if replaced is None else replaced.fence
            yield from self._settled(queue, id, Status(status.decode()), fence, 0)

    def _paused(self, queue: str, arguments: Sequence[bytes]) -> Iterator[Record]:
        pause = QueuePause.read(arguments[0]) if arguments else None
        if pause is None:
            yield Resumed(at_ms=self._recorder.now_ms(), queue=queue)
        else:
            yield Paused(at_ms=self._recorder.now_ms(), queue=queue, until_ms=pause.until_ms)

    def _answered(self, queue: str, name: str, arguments: Sequence[bytes], reply: list[bytes]) -> Iterator[Record]:
        for row, status in zip(rows_of_call(name, arguments), reply, strict=True):
            fence = int(row["token"]) if "token" in row else None
            delay_ms = sum(int(row[delay]) for delay in _DELAYS if delay in row)
            for settled in self._settled(queue, row["id"], Status(status.decode()), fence, delay_ms):
                yield replace(settled, had_started=row.get("started") == b"1")

    def _settled(self, queue: str, id: bytes, status: Status, fence: int | None, delay_ms: int) -> Iterator[Settled]:
        """Yield the record of a task whose state changed. If `fence` is None, its last known lease has ended."""
        if status in _STAYS:
            return
        task, now_ms = id_text(id), self._recorder.now_ms()
        lease = self._leases.get((queue, task))
        if lease is not None and fence in (None, lease.fence):
            del self._leases[queue, task]
            fence = lease.fence
        due_ms = None
        if status in _WAITS_AGAIN:
            # Without a delay, a task waits again with its former due time.
            own_ms = now_ms if lease is None or status is Status.RETRIED else lease.due_ms
            due_ms = now_ms + delay_ms if delay_ms else own_ms
        yield Settled(at_ms=now_ms, queue=queue, task=task, fence=fence, status=status, due_ms=due_ms)


def _rows(values: Sequence[bytes], width: int) -> Iterator[Sequence[bytes]]:
    return (values[first : first + width] for first in range(0, len(values), width))
