"""Puts tasks into Redis, each at its home, so that no id is ever in two shards.

An id made for one call goes to one shard, whatever becomes of the layout meanwhile: nobody else has it. Any other may
be sent again, and by somebody with another layout in mind. So its shard is told the layout by which it was chosen and
refuses it under another; and unless it is sent for the first time, earlier homes are looked at before. See
docs/adr/0012-shards.md.
"""

import contextlib
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from redisched.client.chunk import chunks
from redisched.client.connection import Connection
from redisched.client.request import Sending
from redisched.config import Durability
from redisched.errors import BrokerError, BrokerUnavailable, LayoutDamaged
from redisched.layout import Layout
from redisched.store.growth import agree
from redisched.store.operation import Operation, RetryPolicy, with_retries
from redisched.store.store import Store
from redisched.store.values import NewTask, Status

MOST_LAYOUTS = 8
"""A call follows a queue that grows meanwhile through so many layouts; nobody grows a queue faster."""

_Call = Callable[[Store, Sequence[NewTask]], Operation[list[Status]]]


class Enqueuing:
    """The operations of one application's producers, for tasks as durable as each other; each is safe to repeat."""

    def __init__(self, connection: Connection, durable: Durability = Durability.NONE) -> None:
        self._connection = connection
        self._store = partial(connection.store, durable=durable)
        self._layouts = connection.layouts

    def one(self, queue: str, task: NewTask, sending: Sending, retry_policy: RetryPolicy) -> Operation[Status]:
        """Add a task. The first try goes the shortest way; what fails there is left to the long one."""
        layout = self._layouts.fresh(queue, retry_policy.began_s)
        if layout is None:
            return (yield from self._one_unsure(queue, task, sending, retry_policy))
        named = None if sending is Sending.FIRST else layout
        if named is None or layout.shards == 1:
            store = self._store(queue, layout.home(task.id))
            with contextlib.suppress(BrokerError):
                status = yield from store.enqueue_loaded(task, named)
                if status is not Status.STALE:
                    return status
        return (yield from self._put(queue, layout, [task], sending, retry_policy))[0]

    def many(
        self, queue: str, tasks: Sequence[NewTask], sending: Sending, retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        """Add tasks: CREATED, EXISTS, CONFLICT or BEYOND for each."""
        layout = yield from self._current(queue, retry_policy)
        return (yield from self._put(queue, layout, tasks, sending, retry_policy))

    def _one_unsure(self, queue: str, task: NewTask, sending: Sending, retry_policy: RetryPolicy) -> Operation[Status]:
        """Add a task though the layout may be out of date. Where an old one will do, it is read again afterwards: who
        enqueues now and then would otherwise wait for it every time.
        """
        if sending is not Sending.FIRST or queue not in self._layouts:
            return (yield from self.many(queue, [task], sending, retry_policy))[0]
        (status,) = yield from self._put_first(queue, self._layouts.last(queue), [task], None, retry_policy)
        with contextlib.suppress(BrokerError):
            yield from self._current(queue, retry_policy)
        return status

    def _put(
        self, queue: str, layout: Layout, tasks: Sequence[NewTask], sending: Sending, retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        if sending is Sending.FIRST:
            return (yield from self._put_first(queue, layout, tasks, None, retry_policy))
        if sending is Sending.UNSENT:
            statuses = yield from self._put_first(queue, layout, tasks, layout, retry_policy)
        else:
            statuses = yield from self._put_once(queue, layout, tasks, retry_policy)
        for _ in range(MOST_LAYOUTS):
            late = [at for at, status in enumerate(statuses) if status is Status.STALE]
            if not late:
                return statuses
            layout = yield from self._newer(queue, layout, retry_policy)
            again = yield from self._put_once(queue, layout, [tasks[at] for at in late], retry_policy)
            for at, status in zip(late, again, strict=True):
                statuses[at] = status
        raise LayoutDamaged(queue, self._store(queue).keys.layout, str(layout))

    def _put_first(
        self, queue: str, layout: Layout, tasks: Sequence[NewTask], named: Layout | None, retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        """Add tasks that are nowhere; STALE for those of a shard that has another layout than is named."""
        send = partial(self._send, named, retry_policy)
        if layout.shards == 1:
            return (yield from send(self._store(queue), tasks))
        homes = _places((layout.home(task.id), at) for at, task in enumerate(tasks))
        statuses = dict((yield from self._at(queue, homes, tasks, send)))
        return [statuses[at] for at in range(len(tasks))]

    def _put_once(
        self, queue: str, layout: Layout, tasks: Sequence[NewTask], retry_policy: RetryPolicy
    ) -> Operation[list[Status]]:
        """Add those tasks that are at no earlier home; STALE for those of a shard that has another layout."""
        send, look = partial(self._send, layout, retry_policy), partial(self._look, layout, retry_policy)
        if layout.shards == 1:
            return (yield from send(self._store(queue), tasks))
        statuses = [Status.UNKNOWN] * len(tasks)
        homes = [tuple(layout.homes(task.id)) for task in tasks]
        earlier = _places((home, at) for at, of_task in enumerate(homes) for home in of_task[1:])
        for at, status in (yield from self._at(queue, earlier, tasks, look)):
            # What is known somewhere is known, whatever the other homes said.
            if statuses[at] in (Status.UNKNOWN, Status.STALE) and status is not Status.UNKNOWN:
                statuses[at] = status
        now = _places((of_task[0], at) for at, of_task in enumerate(homes) if statuses[at] is Status.UNKNOWN)
        for at, status in (yield from self._at(queue, now, tasks, send)):
            statuses[at] = status
        return statuses

    def _at(
        self, queue: str, places: Mapping[int, Sequence[int]], tasks: Sequence[NewTask], call: _Call
    ) -> Operation[list[tuple[int, Status]]]:
        """Do something with the tasks of each shard; answers the places of tasks in the call, with statuses."""
        statuses: list[tuple[int, Status]] = []
        for shard, of_shard in places.items():
            answers = yield from call(self._store(queue, shard), [tasks[at] for at in of_shard])
            statuses += zip(of_shard, answers, strict=True)
        return statuses

    def _look(
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
            # Alone, as it may find that the script is not loaded or Redis away; the others follow at full speed.
            statuses += yield from with_retries(partial(store.enqueue, upcoming.popleft(), named), retry_policy)
            if upcoming:
                for sent in (yield from store.enqueue_many(upcoming, named)):
                    statuses += sent
                    upcoming.popleft()
                retry_policy = retry_policy.again()
        return statuses

    def _current(self, queue: str, retry_policy: RetryPolicy) -> Operation[Layout]:
        """The layout by which to choose shards; the first use of a queue makes it known."""
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
        """The layout as it is now, or as it was where the first shard does not answer: others may be on other nodes."""
        try:
            return (yield from self._store(queue).layout())
        except BrokerUnavailable:
            return self._layouts.last(queue)

    def _newer(self, queue: str, refused: Layout, retry_policy: RetryPolicy) -> Operation[Layout]:
        """The layout after one that a shard refused. Where the first shard has none, either a growth was left half
        done, or the first shard has lost its latest layout: the longest one that is there goes to all.
        """
        layout = yield from with_retries(self._store(queue).layout, retry_policy)
        if layout == refused:
            dialect = self._connection.broker.dialect
            layout = yield from with_retries(lambda: agree(dialect, queue, refused), retry_policy)
        self._layouts.remember(queue, layout, retry_policy.monotonic())
        return layout


def _places(pairs: Iterable[tuple[int, int]]) -> dict[int, list[int]]:
    """What belongs to each shard, from pairs of a shard and a place."""
    places: dict[int, list[int]] = defaultdict(list)
    for shard, at in pairs:
        places[shard].append(at)
    return places
