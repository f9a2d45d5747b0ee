"""read/page: a page of any listing, beginning at any place."""

from itertools import product
from random import Random

import pytest

from redisched.keys import keys_of
from redisched.model import BAND
from redisched.store.shard import ShardScripts
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.server_time import NOW_MS

pytestmark = pytest.mark.differs_by_server

KEY = keys_of(QUEUE).waiting
Task = tuple[int, bytes]
ALL = 10_000


def page(queue: QueueUnderTest, order: str, after: Task | None, limit: int) -> list[Task]:
    """The tasks after a task, which may have been deleted."""
    score, id = ("", b"") if after is None else after
    arguments = {"section": "waiting", "order": order, "after": score, "after_id": id, "limit": limit}
    reply = queue.call(ShardScripts(queue.broker.script_runner, QUEUE).call("read/page", arguments))
    return [(int(reply[at + 1]), reply[at]) for at in range(0, len(reply), 2)]


def put(queue: QueueUnderTest, tasks: list[Task]) -> None:
    """Replace the content of the set by these."""
    perform = queue.broker.client().perform
    perform(("DEL", KEY))
    for first in range(0, len(tasks), 500):
        perform(("ZADD", KEY, *(part for score, id in tasks[first : first + 500] for part in (score, id))))


def in_order(order: str, tasks: list[Task]) -> list[Task]:
    """The expected order, computed without Redis."""
    by_time = sorted(tasks, key=lambda task: (task[0] % BAND, task[0] // BAND, task[1]))
    return {
        "due": sorted(task for task in tasks if task[0] % BAND <= NOW_MS),
        "later": [task for task in by_time if task[0] % BAND > NOW_MS],
        "rising": by_time,
        "falling": by_time[::-1],
    }[order]


def some_tasks(random: Random, count: int, *bands: int) -> list[Task]:
    """Tasks of only a few times around now, so that many have the same time and are sorted by the bytes of their
    ids.
    """
    ids = random.sample([f"{first}{second}".encode() for first, second in product("aZ~-9_", range(100))], count)
    return [(random.choice(bands) * BAND + NOW_MS + random.choice((-2, -1, 0, 1, 1, 2)), id) for id in ids]


@pytest.mark.parametrize("order", ["due", "later", "rising", "falling"])
@pytest.mark.parametrize("limit", [1, 3, 40, 200])
def test_the_pages_of_a_listing_are_complete_and_in_order(empty_queue: QueueUnderTest, order: str, limit: int) -> None:
    bands = (0,) if order == "rising" else (-1, 0) if order == "falling" else (0, 1, 7, 255)
    tasks = some_tasks(Random(f"{order} {limit}"), 150, *bands)
    put(empty_queue, tasks)

    seen: list[Task] = []
    while found := page(empty_queue, order, seen[-1] if seen else None, limit):
        seen += found
        assert len(found) == limit or not page(empty_queue, order, seen[-1], limit)

    assert seen == in_order(order, tasks)


@pytest.mark.parametrize("order", ["due", "later", "rising", "falling"])
def test_a_page_after_a_deleted_task_continues_at_its_place(empty_queue: QueueUnderTest, order: str) -> None:
    random = Random(order)
    bands = (0,) if order == "rising" else (-1, 0) if order == "falling" else (0, 1, 7)
    tasks = some_tasks(random, 120, *bands)
    for gone in random.sample(in_order(order, tasks), 20):
        left = [task for task in tasks if task != gone and random.random() < 0.8]
        put(empty_queue, left)
        listed = in_order(order, [*left, gone])

        assert page(empty_queue, order, gone, ALL) == listed[listed.index(gone) + 1 :]


def test_an_empty_set_has_no_pages(empty_queue: QueueUnderTest) -> None:
    for order, after in product(["due", "later", "rising", "falling"], [None, (NOW_MS, b"a")]):
        assert page(empty_queue, order, after, 5) == []
