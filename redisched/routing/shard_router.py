"""Sends each task to the shard that its id belongs to, so that no id is ever in two shards.

A task whose id was made for this call is sent to one shard, even if the queue gets more shards meanwhile: no other call
can have the same id. A task with any other id may be sent again, maybe by a process that knows another layout of the
queue. So the call names the layout by which it chose the shard, and a shard with another layout refuses it. If the task
may have been sent before, the shards to which its id belonged under earlier layouts are asked first. See
docs/adr/0012-shards.md.
"""

import contextlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from redisched.config import Durability
from redisched.errors import BrokerError, BrokerUnavailable, LayoutDamaged
from redisched.layout import Layout
from redisched.routing.chunk import chunks
from redisched.routing.freshness import Freshness
from redisched.routing.shards import Shards
from redisched.store.growth import reconcile
from redisched.store.operation import Operation, RetryPolicy, with_retries
from redisched.store.store import Store
from redisched.store.values import NewTask, Status

MOST_LAYOUTS = 8
"""If the layout of a queue changes during a call, the call tries again with the new one, at most so many times."""

_ShardCall = Callable[[Store, Sequence[NewTask]], Operation[list[Status]]]


class ShardRouter:
    """The enqueue operations of one application, for tasks of one durability. Each operation is safe to repeat."""

    def __init__(self, shards: Shards, durable: Durability = Durability.NONE) -> None:
        self._shards = shards
        self._store = partial(shards.store, durable=durable)
        self._layouts = shards.layouts

    def one(self, queue: str, task: NewTask, freshness: Freshness, retry_policy: RetryPolicy) -> Operation[Status]:
        """Add one task. The first try is a single command; if it fails, the general way is taken, with all retries."""
        layout = self._layouts.fresh(queue, retry_policy.began_s)
        if layout is None:
            return (yield from self._one_unsure(queue, task, freshness, retry_policy))
        named = None if freshness is Freshness.NEW else layout
        if named is None or layout.shards == 1:
            store = self._store(queue, layout.shard_of(task.id))
            with contextlib.suppress(BrokerError):
                status = yield from store.enqueue_loaded(task, named)
                if status is not Status.STALE:
                    return status
        return (yield from self._enqueue(queue, layout, [task], freshness, retry_policy))[0]

    def many(
        self, queue: str, tasks: Sequence[NewTask], freshness: Freshness, retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        """Add tasks: CREATED, EXISTS, CONFLICT or BEYOND for each."""
        layout = yield from self._current(queue, retry_policy)
        return (yield from self._enqueue(queue, layout, tasks, freshness, retry_policy))

    def _one_unsure(
        self, queue: str, task: NewTask, freshness: Freshness, retry_policy: RetryPolicy
    ) -> Operation[Status]:
        """Add one task though the cached layout is too old. If an old layout will do, it is read again only afterwards:
        otherwise a program that enqueues now and then would wait for it at every call.
        """
        if freshness is not Freshness.NEW or queue not in self._layouts:
            return (yield from self.many(queue, [task], freshness, retry_policy))[0]
        (status,) = yield from self._enqueue_new(queue, self._layouts.last(queue), [task], None, retry_policy)
        with contextlib.suppress(BrokerError):
            yield from self._current(queue, retry_policy)
        return status

    def _enqueue(
        self, queue: str, layout: Layout, tasks: Sequence[NewTask], freshness: Freshness, retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        if freshness is Freshness.NEW:
            return (yield from self._enqueue_new(queue, layout, tasks, None, retry_policy))
        if freshness is Freshness.UNSENT:
            statuses = yield from self._enqueue_new(queue, layout, tasks, layout, retry_policy)
        else:
            statuses = yield from self._enqueue_once(queue, layout, tasks, retry_policy)
        for _ in range(MOST_LAYOUTS):
            late = [at for at, status in enumerate(statuses) if status is Status.STALE]
            if not late:
                return statuses
            layout = yield from self._newer(queue, layout, retry_policy)
            again = yield from self._enqueue_once(queue, layout, [tasks[at] for at in late], retry_policy)
            for at, status in zip(late, again, strict=True):
                statuses[at] = status
        raise LayoutDamaged(queue, self._store(queue).keys.layout, str(layout))

    def _enqueue_new(
        self, queue: str, layout: Layout, tasks: Sequence[NewTask], named: Layout | None, retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        """Add tasks that cannot be in any shard yet. If `named` is given, the status is STALE for the tasks of a shard
        that has another layout.
        """
        send = partial(self._send, named, retry_policy)
        if layout.shards == 1:
            return (yield from send(self._store(queue), tasks))
        shards = _by_shard((layout.shard_of(task.id), at) for at, task in enumerate(tasks))
        statuses = dict((yield from self._at_shards(queue, shards, tasks, send)))
        return [statuses[at] for at in range(len(tasks))]

    def _enqueue_once(
        self, queue: str, layout: Layout, tasks: Sequence[NewTask], retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        """Add the tasks that are not in a shard of an earlier layout. The status is STALE for the tasks of a shard that
        has another layout.
        """
        send, look = partial(self._send, layout, retry_policy), partial(self._find_known, layout, retry_policy)
        if layout.shards == 1:
            return (yield from send(self._store(queue), tasks))
        statuses = [Status.UNKNOWN] * len(tasks)
        shards = [tuple(layout.possible_shards(task.id)) for task in tasks]
        earlier = _by_shard((shard, at) for at, of_task in enumerate(shards) for shard in of_task[1:])
        for at, status in (yield from self._at_shards(queue, earlier, tasks, look)):
            # One shard that knows the task is enough, whatever the other shards answer.
            if statuses[at] in (Status.UNKNOWN, Status.STALE) and status is not Status.UNKNOWN:
                statuses[at] = status
        now = _by_shard((of_task[0], at) for at, of_task in enumerate(shards) if statuses[at] is Status.UNKNOWN)
        for at, status in (yield from self._at_shards(queue, now, tasks, send)):
            statuses[at] = status
        return statuses

    def _at_shards(
        self, queue: str, places: Mapping[int, Sequence[int]], tasks: Sequence[NewTask], call: _ShardCall
    ) -> Operation[list[tuple[int, Status]]]:
        """Call each shard with its tasks. Answers, for each task, its index in `tasks` and its status."""
        statuses: list[tuple[int, Status]] = []
        for shard, of_shard in places.items():
            answers = yield from call(self._store(queue, shard), [tasks[at] for at in of_shard])
            statuses += zip(of_shard, answers, strict=True)
        return statuses

    def _find_known(
        self, layout: Layout, retry_policy: RetryPolicy, store: Store, tasks: Sequence[NewTask]
    ) -> Operation[list[Status]]:
        statuses: list[Status] = []
        for chunk in chunks(tasks):
            statuses += yield from with_retries(partial(store.known, layout, chunk), retry_policy)
            retry_policy = retry_policy.again()
        return statuses

    def _send(
        self, named: Layout | None, retry_policy: RetryPolicy, store: Store, tasks: Sequence[NewTask]
    ) -> Operation[list[Status]]:
        """Enqueue tasks in one shard, in as many script calls as needed. Each call has the whole time of the policy,
        because the number of calls depends on the number of tasks.
        """
        statuses: list[Status] = []
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

    def _current(self, queue: str, retry_policy: RetryPolicy) -> Operation[Layout]:
        """The layout by which to choose shards. The first use of a queue registers the queue."""
        layout = self._layouts.fresh(queue, retry_policy.began_s)
        if layout is None:
            known = queue in self._layouts
            layout = yield from self._known_again(queue) if known else self._first_known(queue, retry_policy)
            self._layouts.remember(queue, layout, retry_policy.monotonic())
        return layout

    def _first_known(self, queue: str, retry_policy: RetryPolicy) -> Operation[Layout]:
        store = self._store(queue)
        yield from with_retries(store.register, retry_policy)
        return (yield from with_retries(store.layout, retry_policy))

    def _known_again(self, queue: str) -> Operation[Layout]:
        """The layout read again, or the cached one if the first shard does not answer: the other shards may be on other
        nodes.
        """
        try:
            return (yield from self._store(queue).layout())
        except BrokerUnavailable:
            return self._layouts.last(queue)

    def _newer(self, queue: str, refused: Layout, retry_policy: RetryPolicy) -> Operation[Layout]:
        """The layout to use after a shard refused another. If the first shard has nothing newer, adding shards was left
        half done, or the first shard has lost its latest layout. Then the longest layout that a shard has is given to
        all.
        """
        layout = yield from with_retries(self._store(queue).layout, retry_policy)
        if layout == refused:
            script_runner = self._shards.script_runner
            layout = yield from with_retries(lambda: reconcile(script_runner, queue, refused), retry_policy)
        self._layouts.remember(queue, layout, retry_policy.monotonic())
        return layout


def _by_shard(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """The indexes of the tasks of each shard, from pairs of shard and index."""
    places: dict[int, list[int]] = defaultdict(list)
    for shard, at in pairs:
        places[shard].append(at)
    return places
