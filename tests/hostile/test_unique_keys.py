"""A unique key that many producers use at the same time, while shards are added to the queue, belongs to one task."""

import contextlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from redisched.client.scheduler import Scheduler
from redisched.errors import CannotShrink
from redisched.keys import keys_of
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers

PRODUCERS = 20
BATCH = 100
QUEUE = "default"
GROWTH = {4: 2, 9: 5, 14: 9}
"""These producers add shards to the queue, up to this number."""


def enqueue_repeatedly(url: str, producer: int, times: int) -> tuple[int, set[str]]:
    """Enqueue with one key so many times, each with other arguments; answers how many were new, and all ids."""
    app = Scheduler(url)
    new, ids = 0, set[str]()
    for first in range(0, times, BATCH):
        numbers = range(first, first + BATCH)
        refs = app.enqueue_many([app.request("charge", producer, number, unique="order:42") for number in numbers])
        new += sum(ref.is_new for ref in refs)
        ids |= {ref.id for ref in refs}
        if first == 0 and producer in GROWTH:
            with contextlib.suppress(CannotShrink):
                app.grow(QUEUE, GROWTH[producer])
    app.close()
    return new, ids


@pytest.mark.timeout(900)
@pytest.mark.parametrize("times", [10_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
def test_of_many_producers_with_the_same_key_one_creates_the_task(
    servers: Servers, kind: BrokerKind, real_broker: Broker, times: int
) -> None:
    url = servers.url(kind)
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(4, context) as processes:
        each = times // PRODUCERS
        answers = list(processes.map(enqueue_repeatedly, [url] * PRODUCERS, range(PRODUCERS), [each] * PRODUCERS))

    assert sum(new for new, _ in answers) == 1
    (task_id,) = set.union(*(ids for _, ids in answers))
    perform = real_broker.client().perform
    waiting = [perform(("ZRANGE", keys_of(QUEUE, shard).waiting, 0, -1)) for shard in range(max(GROWTH.values()))]
    assert [id for ids in waiting for id in ids] == [task_id.encode()]
