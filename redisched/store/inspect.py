"""Reading a queue and its tasks, for observers. Nothing here changes anything, and workers do not import it."""

from redisched.model import TaskState
from redisched.shard_map import ShardMap
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.page import Page, Place, Query, merged
from redisched.store.pausing import QueuePause
from redisched.store.repair import Repair
from redisched.store.stages import QueueStages, stages_of_all
from redisched.store.store import Store
from redisched.store.view import QueueCounts, TaskView, total


def queues(script_runner: ScriptRunner) -> Operation[list[str]]:
    """The names of all queues that were ever used, sorted."""
    # A name that is not valid UTF-8 comes from no producer of redisched. It has no keys, so its exact bytes do not
    # matter.
    return sorted(name.decode(errors="backslashreplace") for name in (yield ("SMEMBERS", script_runner.queues_key)))


def find(script_runner: ScriptRunner, task_id: str) -> Operation[list[TaskView]]:
    """The tasks with this id, one from each queue that has it: ids are unique only within a queue."""
    found = []
    for queue in (yield from queues(script_runner)):
        view = yield from Inspector(script_runner, queue).task(task_id)
        if view is not None:
            found.append(view)
    return found


def queues_of(script_runner: ScriptRunner, task_id: str) -> Operation[list[str]]:
    """Every queue that has a task with this id. Costs a call for each queue there is."""
    known = []
    for queue in (yield from queues(script_runner)):
        view = yield from Inspector(script_runner, queue).state(task_id)
        if view.state is not TaskState.UNKNOWN:
            known.append(queue)
    return known


class Inspector:
    """Reads one queue, with all of its shards. Every method returns an operation.

    `cached_shard_map` says in which shard to look for a task first. It may be out of date.
    """

    def __init__(self, script_runner: ScriptRunner, queue: str, cached_shard_map: ShardMap | None = None) -> None:
        self.queue = queue
        self._script_runner = script_runner
        self._cached_shard_map = cached_shard_map or ShardMap()

    def shard(self, number: int) -> ShardInspector:
        """An inspector of one shard."""
        return ShardInspector(self._script_runner, self.queue, number)

    def shard_map(self) -> Operation[ShardMap]:
        """The shard map of the queue, as its first shard has it. Raises ShardMapDamaged."""
        return Store(self._script_runner, self.queue).shard_map()

    def shards(self) -> Operation[list[ShardInspector]]:
        """An inspector of every shard."""
        shard_map = yield from self.shard_map()
        return [self.shard(number) for number in range(shard_map.shards)]

    def task(self, task_id: str) -> Operation[TaskView | None]:
        """A task with its body; None if the queue does not have it."""
        view = yield from self.state(task_id)
        whole = yield from self.shard(view.shard).whole(view)
        return None if whole.state is TaskState.UNKNOWN and not whole.undecodable else whole

    def state(self, task_id: str) -> Operation[TaskView]:
        """A task without its body, which may be large. Its state is UNKNOWN if the queue does not have it."""
        first = yield from self.shard(self._cached_shard_map.shard_of(task_id)).state(task_id)
        if first.state is not TaskState.UNKNOWN:
            return first
        for number in (yield from self.shard_map()).possible_shards(task_id):
            if number != first.shard:
                view = yield from self.shard(number).state(task_id)
                if view.state is not TaskState.UNKNOWN:
                    return view
        return first

    def counts(self) -> Operation[QueueCounts]:
        """How many tasks of the queue are in each state."""
        return total((yield from self.counts_by_shard()))

    def counts_by_shard(self) -> Operation[list[QueueCounts]]:
        """How many tasks of each shard are in each state."""
        parts: list[QueueCounts] = []
        for shard in (yield from self.shards()):
            parts += [(yield from shard.counts())]
        return parts

    def stages(self) -> Operation[QueueStages]:
        """How many tasks of the queue run, and how many wait for another attempt."""
        parts: list[QueueStages] = []
        for shard in (yield from self.shards()):
            parts += [(yield from shard.stages())]
        return stages_of_all(parts)

    def page(self, query: Query, after: Place | None = None) -> Operation[Page]:
        """The next page of a listing, with the tasks of all shards in one order."""
        pages: list[Page] = []
        for shard in (yield from self.shards()):
            pages += [(yield from shard.page(query, after))]
        return merged(pages, query.limit)

    def pause(self) -> Operation[QueuePause | None]:
        """The pause of the first shard, which the others follow; None if it is not paused."""
        return self.shard(0).pause()

    def pauses(self) -> Operation[list[QueuePause | None]]:
        """The pause of each shard. They differ only if pausing or resuming the queue was interrupted."""
        pauses: list[QueuePause | None] = []
        for shard in (yield from self.shards()):
            pauses += [(yield from shard.pause())]
        return pauses

    def repairs(self) -> Operation[dict[Repair, int]]:
        """How many tasks the scrubber has repaired, by what was wrong. Empty if the queue was never damaged."""
        made: dict[Repair, int] = {}
        for shard in (yield from self.shards()):
            for kind, count in (yield from shard.repairs()).items():
                made[kind] = made.get(kind, 0) + count
        return made
