"""Reading: what observers ask about a queue and its tasks. Nothing here changes anything, and no worker needs it."""

from redisched.layout import Layout
from redisched.model import TaskState
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.page import Page, Place, Query, merged
from redisched.store.repair import Repair
from redisched.store.store import Store
from redisched.store.view import QueueCounts, TaskView, total


def queues(script_runner: ScriptRunner) -> Operation[list[str]]:
    """The names of all queues that were ever used, sorted."""
    # Of one that no producer of redisched's can have named there are no keys, so nothing has to come back as it was.
    return sorted(name.decode(errors="backslashreplace") for name in (yield ("SMEMBERS", script_runner.queues_key)))


def find(script_runner: ScriptRunner, task_id: str) -> Operation[list[TaskView]]:
    """The task of an id in each queue that knows one; ids are unique within a queue."""
    found = []
    for queue in (yield from queues(script_runner)):
        view = yield from Inspector(script_runner, queue).task(task_id)
        if view is not None:
            found.append(view)
    return found


def queues_of(script_runner: ScriptRunner, task_id: str) -> Operation[list[str]]:
    """Every queue that knows a task of this id, at the cost of one look into each queue there is."""
    known = []
    for queue in (yield from queues(script_runner)):
        view = yield from Inspector(script_runner, queue).state(task_id)
        if view.state is not TaskState.UNKNOWN:
            known.append(queue)
    return known


class Inspector:
    """One queue, to look at as a whole, however many shards it has. Every method returns an operation.

    `cached_layout` says in which shard to look for a task first. It may be out of date.
    """

    def __init__(self, script_runner: ScriptRunner, queue: str, cached_layout: Layout | None = None) -> None:
        self.queue = queue
        self._script_runner = script_runner
        self._cached_layout = cached_layout or Layout()

    def shard(self, number: int) -> ShardInspector:
        """One shard alone."""
        return ShardInspector(self._script_runner, self.queue, number)

    def layout(self) -> Operation[Layout]:
        """The counts of shards the queue has had. Raises LayoutDamaged."""
        return Store(self._script_runner, self.queue).layout()

    def shards(self) -> Operation[list[ShardInspector]]:
        """Every shard."""
        layout = yield from self.layout()
        return [self.shard(number) for number in range(layout.shards)]

    def task(self, task_id: str) -> Operation[TaskView | None]:
        """A task, None for one that is unknown."""
        view = yield from self.state(task_id)
        whole = yield from self.shard(view.shard).whole(view)
        return None if whole.state is TaskState.UNKNOWN and not whole.undecodable else whole

    def state(self, task_id: str) -> Operation[TaskView]:
        """A task without its body, which may be large. Its state is UNKNOWN when the queue knows of none."""
        first = yield from self.shard(self._cached_layout.home(task_id)).state(task_id)
        if first.state is not TaskState.UNKNOWN:
            return first
        for home in (yield from self.layout()).homes(task_id):
            if home != first.shard:
                view = yield from self.shard(home).state(task_id)
                if view.state is not TaskState.UNKNOWN:
                    return view
        return first

    def counts(self) -> Operation[QueueCounts]:
        """How many tasks are where."""
        return total((yield from self.counts_by_shard()))

    def counts_by_shard(self) -> Operation[list[QueueCounts]]:
        """How many tasks are where, shard by shard."""
        parts: list[QueueCounts] = []
        for shard in (yield from self.shards()):
            parts += [(yield from shard.counts())]
        return parts

    def page(self, query: Query, after: Place | None = None) -> Operation[Page]:
        """The next tasks of a listing, those of all shards in one order."""
        pages: list[Page] = []
        for shard in (yield from self.shards()):
            pages += [(yield from shard.page(query, after))]
        return merged(pages, query.limit)

    def repairs(self) -> Operation[dict[Repair, int]]:
        """How many tasks the scrubber has repaired, by what was wrong; empty for a queue that was never damaged."""
        made: dict[Repair, int] = {}
        for shard in (yield from self.shards()):
            for kind, count in (yield from shard.repairs()).items():
                made[kind] = made.get(kind, 0) + count
        return made
