"""A queue grows while it is in use: no task is lost, none stranded, and no id is ever in two shards."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.client.connection import Connection
from redisched.client.enqueuing import Enqueuing
from redisched.client.layouts import KEPT_S
from redisched.client.reference import CancelOutcome
from redisched.client.request import Sending
from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.errors import BrokerUnavailable, CannotShrink, Conflict, InvalidOption, LayoutDamaged
from redisched.keys import keys_of
from redisched.layout import Layout
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.growth import grow
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, run
from redisched.store.store import Store
from redisched.store.values import NewTask, Status
from tests.client.callers import Caller
from tests.client.interleaving import Fate, Interleaving

QUEUE = "mail"
IDS = [f"order-{number}" for number in range(6)]
"""Under 3 shards they are in all of them, and under 5 two have moved again."""
TASKS = [NewTask(id, 5, "+60000", b"digest-1body") for id in IDS]
OWN = [NewTask(f"own-{number}", 5, "+60000", b"digest-1body") for number in range(3)]
PATIENT = Settings(timeout_s=1e6)

fates = st.sampled_from([Fate.ANSWERED] * 4 + [Fate.REPLY_LOST, Fate.LATE])
schedules = st.lists(st.tuples(st.integers(0, 4), fates), max_size=60)


def shards_with(broker: Broker, id: str) -> list[int]:
    """The shards that know of a task."""
    perform = broker.client().perform
    return [shard for shard in range(5) if perform(("HEXISTS", keys_of(QUEUE, shard).tasks, id))]


def believing(broker: Broker, layout: Layout) -> Enqueuing:
    """A producer that takes this for the layout, for as long as the test runs."""
    connection = Connection(PATIENT, broker)
    connection.layouts.remember(QUEUE, layout, connection.monotonic() + 1e6)
    return Enqueuing(connection)


def growing(broker: Broker, shards: int) -> Operation[None]:
    """Somebody who makes a queue grow, unless it has grown further, and gives up half-way when Redis is away."""
    with contextlib.suppress(CannotShrink, BrokerUnavailable):
        yield from grow(broker.dialect, QUEUE, shards)


def test_the_ids_of_these_tests_move() -> None:
    homes = [[Layout((1, 3)).home(id), Layout((1, 3, 5)).home(id)] for id in IDS]

    assert {home for home, _ in homes} == {0, 1, 2}
    assert sum(one != other for one, other in homes) >= 2


def test_producers_who_differ_about_the_layout_never_put_an_id_into_two_shards(broker: Broker) -> None:
    @given(schedules)
    def holds(schedule: list[tuple[int, Fate]]) -> None:
        broker.client().perform(("FLUSHDB",))
        one, other = believing(broker, Layout()), Enqueuing(Connection(PATIENT, broker))
        interleaving = Interleaving(
            broker,
            [
                one.many(QUEUE, TASKS, Sending.MAYBE_AGAIN),
                other.many(QUEUE, TASKS[::-1], Sending.MAYBE_AGAIN),
                one.many(QUEUE, OWN, Sending.FIRST),
                growing(broker, 3),
                growing(broker, 5),
            ],
        )

        interleaving.run(schedule)

        assert all(len(shards_with(broker, task.id)) == 1 for task in (*TASKS, *OWN))
        assert {*interleaving.results[0], *interleaving.results[1]} <= {Status.CREATED, Status.EXISTS}
        for task in (*TASKS, *OWN):
            view = run(Inspector(broker.dialect, QUEUE).task(task.id), broker.client())
            assert view is not None
            assert view.state is TaskState.SCHEDULED

    holds()
