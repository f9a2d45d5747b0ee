"""Sends each task to the shard that its id belongs to, so that no id is ever in two shards.

A task whose id was made for this call is sent to one shard, even if the queue gets more shards meanwhile: no other call
can have the same id. A task with any other id may be sent again, maybe by a process that knows another shard map of the
queue. So the call names the shard map by which it chose the shard, and a shard with another shard map refuses it. If
the task may have been sent before, the shards to which its id belonged under earlier shard maps are asked first. See
docs/adr/0012-shards.md.
"""

import contextlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from redisched.config import Durability
from redisched.errors import BrokerError, BrokerUnavailable, ShardMapDamaged
from redisched.routing.chunk import chunks
from redisched.routing.freshness import Freshness
from redisched.routing.shard_map_cache import ShardMapCache
from redisched.routing.shards import Shards
from redisched.shard_map import ShardMap
from redisched.store.adding_shards import reconcile
from redisched.store.enqueued import Enqueued
from redisched.store.operation import Operation, RetryPolicy, with_retries
from redisched.store.store import Store
from redisched.store.values import NewTask, Status

MOST_SHARD_MAPS = 8
"""If the shard map of a queue changes during a call, the call tries again with the new one, at most so many times."""

_ShardCall = Callable[[Store, Sequence[NewTask]], Operation[list[Enqueued]]]


class ShardRouter:
    """The enqueue operations of one application, for tasks of one durability. Each operation is safe to repeat."""

    def __init__(self, shards: Shards, durable: Durability = Durability.NONE) -> None:
        self._shards = shards
        self._store = partial(shards.store, durable=durable)

    @property
    def _shard_maps(self) -> ShardMapCache:
        """Asked for at every call: while an application is redirected, it has others."""
        return self._shards.shard_maps

    def one(self, queue: str, task: NewTask, freshness: Freshness) -> Operation[Enqueued]:
        """Add one task. The first try is a single command; if it fails, the general way is taken, with all retries."""
        shards = self._shards
        began_s = shards.monotonic()
        shard_map = shards.shard_maps.fresh(queue, began_s)
        if shard_map is None:
            return (yield from self._one_unsure(queue, task, freshness, shards.retry_policy()))
        named = None if freshness is Freshness.NEW else shard_map
        if named is None or shard_map.shards == 1:
            store = self._store(queue, shard_map.shard_of(task.id))
            try:
                status = yield from store.enqueue_loaded(task, named)
            except BrokerError:
                status = Status.STALE_SHARD_MAP
            if status is not Status.STALE_SHARD_MAP:
                return status
        return (yield from self._enqueue(queue, shard_map, [task], freshness, shards.retry_policy(began_s)))[0]

    def many(
        self, queue: str, tasks: Sequence[NewTask], freshness: Freshness, retry_policy: RetryPolicy
    ) -> Operation[list[Enqueued]]:
        """Add tasks: CREATED, EXISTS, CONFLICT or TOO_LATE for each."""
        shard_map = yield from self.current(queue, retry_policy)
        return (yield from self._enqueue(queue, shard_map, tasks, freshness, retry_policy))

    def _one_unsure(
        self, queue: str, task: NewTask, freshness: Freshness, retry_policy: RetryPolicy
    ) -> Operation[Enqueued]:
        """Add one task though the cached shard map is too old. If an old shard map will do, it is read again only
        afterwards: otherwise a program that enqueues now and then would wait for it at every call.
        """
        if freshness is not Freshness.NEW or queue not in self._shard_maps:
            return (yield from self.many(queue, [task], freshness, retry_policy))[0]
        (status,) = yield from self._enqueue_new(queue, self._shard_maps.last(queue), [task], None, retry_policy)
        with contextlib.suppress(BrokerError):
            yield from self.current(queue, retry_policy)
        return status

    def _enqueue(
        self, queue: str, shard_map: ShardMap, tasks: Sequence[NewTask], freshness: Freshness, retry_policy: RetryPolicy
    ) -> Operation[list[Enqueued]]:
        if freshness is Freshness.NEW:
            return (yield from self._enqueue_new(queue, shard_map, tasks, None, retry_policy))
        if freshness is Freshness.UNSENT:
            statuses = yield from self._enqueue_new(queue, shard_map, tasks, shard_map, retry_policy)
        else:
            statuses = yield from self._enqueue_once(queue, shard_map, tasks, retry_policy)
        for _ in range(MOST_SHARD_MAPS):
            late = [at for at, status in enumerate(statuses) if status is Status.STALE_SHARD_MAP]
            if not late:
                return statuses
            shard_map = yield from self.newer(queue, shard_map, retry_policy)
            again = yield from self._enqueue_once(queue, shard_map, [tasks[at] for at in late], retry_policy)
            for at, status in zip(late, again, strict=True):
                statuses[at] = status
        raise ShardMapDamaged(queue, self._store(queue).keys.layout, str(shard_map))

    def _enqueue_new(
        self,
        queue: str,
        shard_map: ShardMap,
        tasks: Sequence[NewTask],
        named: ShardMap | None,
        retry_policy: RetryPolicy,
    ) -> Operation[list[Enqueued]]:
        """Add tasks that cannot be in any shard yet. If `named` is given, the status is STALE_SHARD_MAP for the tasks
        of a shard that has another shard map.
        """
        send = partial(self._send, named, retry_policy)
        if shard_map.shards == 1:
            return (yield from send(self._store(queue), tasks))
        shards = _by_shard((shard_map.shard_of(task.id), at) for at, task in enumerate(tasks))
        statuses = dict((yield from self._at_shards(queue, shards, tasks, send)))
        return [statuses[at] for at in range(len(tasks))]

    def _enqueue_once(
        self, queue: str, shard_map: ShardMap, tasks: Sequence[NewTask], retry_policy: RetryPolicy
    ) -> Operation[list[Enqueued]]:
        """Add the tasks that are not in a shard of an earlier shard map. The status is STALE_SHARD_MAP for the tasks of
        a shard that has another shard map.
        """
        send, look = partial(self._send, shard_map, retry_policy), partial(self._find_known, shard_map, retry_policy)
        if shard_map.shards == 1:
            return (yield from send(self._store(queue), tasks))
        statuses: list[Enqueued] = [Status.UNKNOWN] * len(tasks)
        shards = [tuple(shard_map.possible_shards(task.id)) for task in tasks]
        earlier = _by_shard((shard, at) for at, of_task in enumerate(shards) for shard in of_task[1:])
        for at, status in (yield from self._at_shards(queue, earlier, tasks, look)):
            # One shard that knows the task is enough, whatever the other shards answer.
            if statuses[at] in (Status.UNKNOWN, Status.STALE_SHARD_MAP) and status is not Status.UNKNOWN:
                statuses[at] = status
        now = _by_shard((of_task[0], at) for at, of_task in enumerate(shards) if statuses[at] is Status.UNKNOWN)
        for at, status in (yield from self._at_shards(queue, now, tasks, send)):
            statuses[at] = status
        return statuses

    def _at_shards(
        self, queue: str, places: Mapping[int, Sequence[int]], tasks: Sequence[NewTask], call: _ShardCall
    ) -> Operation[list[tuple[int, Enqueued]]]:
        """Call each shard with its tasks. Answers, for each task, its index in `tasks` and its status."""
        statuses: list[tuple[int, Enqueued]] = []
        for shard, of_shard in places.items():
            answers = yield from call(self._store(queue, shard), [tasks[at] for at in of_shard])
            statuses += zip(of_shard, answers, strict=True)
        return statuses

    def _find_known(
        self, shard_map: ShardMap, retry_policy: RetryPolicy, store: Store, tasks: Sequence[NewTask]
    ) -> Operation[list[Enqueued]]:
        """Ask a shard of an earlier shard map for tasks. A unique key stays in its shard until no task there has it, so
        a task whose key is held there is added there.
        """
        statuses: list[Enqueued] = []
        for chunk in chunks(tasks):
            known: Sequence[Enqueued] = yield from with_retries(partial(store.known, shard_map, chunk), retry_policy)
            retry_policy = retry_policy.again()
            keyed = [task.if_held() for task in chunk if task.is_unique]
            if keyed:
                added = iter((yield from self._send(shard_map, retry_policy, store, keyed)))
                known = [next(added) if task.is_unique else known[at] for at, task in enumerate(chunk)]
            statuses += known
        return statuses

    def _send(
        self, named: ShardMap | None, retry_policy: RetryPolicy, store: Store, tasks: Sequence[NewTask]
    ) -> Operation[list[Enqueued]]:
        """Enqueue tasks in one shard, in as many script calls as needed. Each call has the whole time of the policy,
        because the number of calls depends on the number of tasks.
        """
        statuses: list[Enqueued] = []
        upcoming = deque(chunks(tasks))
        while upcoming:
            # The first chunk is sent alone: it loads the script if that is missing, and finds out whether Redis
            # answers. The others follow in a pipeline.
            statuses += yield from with_retries(partial(store.enqueue, upcoming.popleft(), named), retry_policy)
            if upcoming:
                for sent in (yield from store.enqueue_many(upcoming, named)):
                    statuses += sent
                    upcoming.popleft()
                retry_policy = retry_policy.again()
        return statuses

    def current(self, queue: str, retry_policy: RetryPolicy) -> Operation[ShardMap]:
        """The shard map by which to choose shards. The first use of a queue registers the queue."""
        shard_map = self._shard_maps.fresh(queue, retry_policy.began_s)
        if shard_map is None:
            known = queue in self._shard_maps
            shard_map = yield from self._known_again(queue) if known else self._first_known(queue, retry_policy)
            self._shard_maps.remember(queue, shard_map, retry_policy.monotonic())
        return shard_map

    def _first_known(self, queue: str, retry_policy: RetryPolicy) -> Operation[ShardMap]:
        store = self._store(queue)
        yield from with_retries(store.register, retry_policy)
        return (yield from with_retries(store.shard_map, retry_policy))

    def _known_again(self, queue: str) -> Operation[ShardMap]:
        """The shard map read again, or the cached one if the first shard does not answer: the other shards may be on
        other nodes.
        """
        try:
            return (yield from self._store(queue).shard_map())
        except BrokerUnavailable:
            return self._shard_maps.last(queue)

    def newer(self, queue: str, refused: ShardMap, retry_policy: RetryPolicy) -> Operation[ShardMap]:
        """The shard map to use after a shard refused another. If the first shard has nothing newer, adding shards was
        left half done, or the first shard has lost its latest shard map. Then the longest shard map that a shard has is
        given to all.
        """
        shard_map = yield from with_retries(self._store(queue).shard_map, retry_policy)
        if shard_map == refused:
            script_runner = self._shards.script_runner
            shard_map = yield from with_retries(lambda: reconcile(script_runner, queue, refused), retry_policy)
        self._shard_maps.remember(queue, shard_map, retry_policy.monotonic())
        return shard_map


def _by_shard(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """The indexes of the tasks of each shard, from pairs of shard and index."""
    places: dict[int, list[int]] = defaultdict(list)
    for shard, at in pairs:
        places[shard].append(at)
    return places
