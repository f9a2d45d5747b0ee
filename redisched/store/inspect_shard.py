"""Reading: what observers ask about one shard of a queue and its tasks."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from redisched.model import TaskState
from redisched.store.operation import Dialect, Operation
from redisched.store.repair import Repair
from redisched.store.store import id_bytes, id_text
from redisched.store.view import Facts, PriorityCounts, QueueCounts, TaskView, view_of, with_body

_PAGE = 500


class ShardInspector:
    """One shard of a queue, to look at. Every method returns an operation."""

    def __init__(self, dialect: Dialect, queue: str, shard: int) -> None:
        self.queue = queue
        self.shard = shard
        self._keys = dialect.keys_of(queue, shard)
        self._call = dialect.call

    def standing(self, task_id: str) -> Operation[TaskView]:
        """A task without its body, which may be large. Its state is UNKNOWN when the shard knows of none."""
        return (yield from self._standings([task_id]))[0]

    def whole(self, view: TaskView) -> Operation[TaskView]:
        """The same task with its body."""
        return (yield from self._with_bodies([view]))[0]

    def counts(self) -> Operation[QueueCounts]:
        """How many tasks are where."""
        k = self._keys
        reply = yield from self._call("read/queue", (k.waiting, k.leases, k.dead, k.finished), ())
        now_ms, leased, dead, finished, *rest = (int(value) for value in reply)
        bands = [rest[at : at + 4] for at in range(0, len(rest), 4)]
        oldest_ms = min((oldest for _, ready, _, oldest in bands if ready), default=None)
        return QueueCounts(
            queue=self.queue,
            now_ms=now_ms,
            ready=sum(ready for _, ready, _, _ in bands),
            scheduled=sum(later for _, _, later, _ in bands),
            leased=leased,
            dead=dead,
            finished=finished,
            oldest_ready_ms=None if oldest_ms is None else now_ms - oldest_ms,
            priorities=tuple(
                PriorityCounts(priority=priority, ready=ready, scheduled=later) for priority, ready, later, _ in bands
            ),
        )

    def pending(self, limit: int, offset: int = 0) -> Operation[list[TaskView]]:
        """Waiting tasks in the order in which they will run: due ones by priority and time, the others by time."""
        ids = yield from self._waiting("due", offset, limit)
        if len(ids) < limit:
            due = (yield from self.counts()).ready
            ids += yield from self._waiting("later", max(0, offset - due), limit - len(ids))
        return (yield from self._with_bodies((yield from self._standings(ids))))

    def in_states(self, states: Collection[TaskState], limit: int, offset: int = 0) -> Operation[list[TaskView]]:
        """Tasks in any of these states: waiting ones as they will run, leased ones by expiry, ended ones latest first.

        It pages through all tasks of the kind where few of many are in these states.
        """
        found: list[TaskView] = []
        for read_page in self._sources(states):
            first, full = 0, True
            while full and len(found) < offset + limit:
                ids = yield from read_page(first, _PAGE)
                found += [view for view in (yield from self._standings(ids)) if view.state in states]
                first += _PAGE
                full = len(ids) == _PAGE
        return (yield from self._with_bodies(found[offset : offset + limit]))

    def dead_ids(self) -> Operation[list[str]]:
        """The ids of all dead tasks, the one that died first before the others."""
        return _texts((yield ("ZRANGE", self._keys.dead, 0, -1)))

    def repairs(self) -> Operation[dict[Repair, int]]:
        """How many tasks the scrubber has repaired, by what was wrong; empty for a queue that was never damaged."""
        kinds = tuple(Repair)
        counted = yield ("HMGET", self._keys.repairs, *(kind.value for kind in kinds))
        return {kind: int(count) for kind, count in zip(kinds, counted, strict=True) if count and count.isdigit()}

    def _sources(self, states: Collection[TaskState]) -> Iterator[Callable[[int, int], Operation[list[str]]]]:
        """Where to look for tasks in these states."""
        k = self._keys
        if TaskState.READY in states:
            yield partial(self._waiting, "due")
        if {TaskState.SCHEDULED, TaskState.RETRYING} & set(states):
            yield partial(self._waiting, "later")
        if {TaskState.LEASED, TaskState.RUNNING} & set(states):
            yield partial(self._ranked, "ZRANGE", k.leases)
        if TaskState.DEAD in states:
            yield partial(self._ranked, "ZREVRANGE", k.dead)
        if {TaskState.SUCCEEDED, TaskState.CANCELLED} & set(states):
            yield partial(self._ranked, "ZREVRANGE", k.finished)

    def _waiting(self, part: str, first: int, limit: int) -> Operation[list[str]]:
        return _texts((yield from self._call("read/pending", (self._keys.waiting,), (part, first, limit))))

    def _ranked(self, command: str, key: str, first: int, limit: int) -> Operation[list[str]]:
        return _texts((yield (command, key, first, first + limit - 1)))

    def _standings(self, ids: Sequence[str]) -> Operation[list[TaskView]]:
        k = self._keys
        keys = (k.waiting, k.leases, k.held, k.tries, k.failures, k.dead, k.cancelling, k.outcomes, k.finished)
        now_ms, *rest = yield from self._call("read/task", keys, [id_bytes(id) for id in ids])
        facts = (Facts(*rest[at : at + len(Facts._fields)]) for at in range(0, len(rest), len(Facts._fields)))
        return [view_of(id, self.queue, self.shard, int(now_ms), of_one) for id, of_one in zip(ids, facts, strict=True)]

    def _with_bodies(self, views: Sequence[TaskView]) -> Operation[list[TaskView]]:
        if not views:
            return []
        records = yield ("HMGET", self._keys.tasks, *(id_bytes(view.id) for view in views))
        return [with_body(view, record) for view, record in zip(views, records, strict=True)]


def _texts(reply: list[bytes]) -> list[str]:
    return [id_text(word) for word in reply]
