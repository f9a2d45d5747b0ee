"""Lets dead tasks run again, each in the shard to which its unique key belongs.

After shards were added, the key of a dead task may belong to another shard than before. New tasks take it there, so the
dead task moves there before it takes its key again: a key is only ever taken in the shard to which it belongs. See
docs/adr/0016-unique-keys.md.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from redisched.errors import ShardMapDamaged
from redisched.routing.shard_router import MOST_SHARD_MAPS, ShardRouter
from redisched.routing.shards import Shards
from redisched.shard_map import ShardMap
from redisched.store.dead_task import DeadTask, read_dead
from redisched.store.enqueued import Duplicate
from redisched.store.operation import Operation, RetryPolicy, with_retries
from redisched.store.values import NewTask, Status

_Statuses = dict[str, Status]


class Revival:
    """Lets tasks of a queue run again that are dead in one of its shards. `body` replaces theirs unless it is empty."""

    def __init__(self, shards: Shards, queue: str, shard: int, body: bytes, retry_policy: RetryPolicy) -> None:
        self._router = ShardRouter(shards)
        self._store = partial(shards.store, queue)
        self._queue = queue
        self._shard = shard
        self._body = body
        self._retry_policy = retry_policy
        self._moved: dict[str, int] = {}
        """The shards to which tasks have been moved, by id."""

    def of_plain(self, ids: Sequence[str]) -> Operation[_Statuses]:
        """Revive tasks without unique keys: each stays where it is. Answers as `Store.revive`."""
        return (yield from self._revive(self._shard, ids, None))

    def of_keyed(self, ids: Sequence[str]) -> Operation[_Statuses]:
        """Revive tasks with unique keys. Answers as `Store.revive`; LOST for one that is not dead. Raises
        ShardMapDamaged.
        """
        statuses = dict.fromkeys(ids, Status.STALE_SHARD_MAP)
        shard_map = yield from self._router.current(self._queue, self._retry_policy)
        for _ in range(MOST_SHARD_MAPS):
            late: dict[int, list[str]] = defaultdict(list)
            for id, status in statuses.items():
                if status is Status.STALE_SHARD_MAP:
                    late[self._moved.get(id, self._shard)].append(id)
            if not late:
                return statuses
            for shard, of_shard in late.items():
                statuses |= yield from self._revive_keyed(shard, of_shard, shard_map)
            if Status.STALE_SHARD_MAP in statuses.values():
                shard_map = yield from self._router.newer(self._queue, shard_map, self._retry_policy)
        raise ShardMapDamaged(self._queue, self._store(0).keys.layout, str(shard_map))

    def _revive_keyed(self, shard: int, ids: Sequence[str], shard_map: ShardMap) -> Operation[_Statuses]:
        tasks = yield from with_retries(partial(read_dead, self._store(shard).keys, ids), self._retry_policy)
        statuses = dict.fromkeys(ids, Status.LOST)
        statuses |= yield from self._held_elsewhere(tasks, shard_map)
        by_home: dict[int, list[DeadTask]] = defaultdict(list)
        for task in tasks:
            if statuses[task.id] is Status.LOST:
                by_home[shard_map.shard_of(task.id)].append(task)
        for home, of_home in by_home.items():
            if home != shard:
                statuses |= yield from self._move(of_home, shard, home, shard_map)
            here = [task.id for task in of_home if statuses[task.id] is not Status.STALE_SHARD_MAP]
            statuses |= yield from self._revive(home, here, shard_map)
        return statuses

    def _held_elsewhere(self, tasks: Sequence[DeadTask], shard_map: ShardMap) -> Operation[_Statuses]:
        """TAKEN for the tasks whose key is held in a shard to which it belonged before."""
        statuses: _Statuses = {}
        by_shard: dict[int, list[DeadTask]] = defaultdict(list)
        for task in tasks:
            _, *earlier = shard_map.possible_shards(task.id)
            for shard in earlier if task.unique_key else ():
                by_shard[shard].append(task)
        for shard, of_shard in by_shard.items():
            questions = [NewTask.question(task.unique_key) for task in of_shard]
            ask = partial(self._store(shard).enqueue, questions, shard_map)
            answers = yield from with_retries(ask, self._retry_policy)
            for task, answer in zip(of_shard, answers, strict=True):
                if isinstance(answer, Duplicate):
                    statuses[task.id] = Status.TAKEN
                elif answer is not Status.UNKNOWN:
                    statuses.setdefault(task.id, answer)
        return statuses

    def _move(self, tasks: Sequence[DeadTask], shard: int, home: int, shard_map: ShardMap) -> Operation[_Statuses]:
        """Move dead tasks to another shard. In between they are in both, dead; a repeated call goes on from there."""
        take_over = partial(self._store(home).take_over, tasks, shard_map)
        answers: Sequence[Status] = yield from with_retries(take_over, self._retry_policy)
        statuses = {task.id: status for task, status in zip(tasks, answers, strict=True)}
        taken = [id for id, status in statuses.items() if status is not Status.STALE_SHARD_MAP]
        if taken:
            yield from with_retries(partial(self._store(shard).hand_over, taken), self._retry_policy)
            self._moved |= dict.fromkeys(taken, home)
        return statuses

    def _revive(self, shard: int, ids: Sequence[str], shard_map: ShardMap | None) -> Operation[_Statuses]:
        if not ids:
            return {}
        revive = partial(self._store(shard).revive, ids, self._body, shard_map)
        statuses: Sequence[Status] = yield from with_retries(revive, self._retry_policy)
        return dict(zip(ids, statuses, strict=True))
