"""S11: an id that many producers use at the same time belongs to one task."""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from redisched.keys import keys_of
from redisched.store.broker import Broker, connect
from redisched.store.enqueued import Enqueued
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import NewTask, Status
from tests.brokers import BrokerKind, Servers

PRODUCERS = 20
BATCH = 100
QUEUE = "default"


def enqueue_repeatedly(url: str, producer: int, times: int) -> Counter[Enqueued]:
    """Enqueue one id so many times, alternating between the same task and a task of this producer alone."""
    broker = connect(url, 60.0)
    store = Store(broker.script_runner, QUEUE)
    tasks = [NewTask("order-42", 5, "+0", b"%08dbody" % (number % 2 * producer)) for number in range(BATCH)]
    answers: Counter[Enqueued] = Counter()
    for _ in range(times // BATCH):
        answers.update(run(store.enqueue(tasks), broker.client()))
    broker.close()
    return answers


@pytest.mark.timeout(600)
@pytest.mark.parametrize("times", [20_000, pytest.param(1_000_000, marks=pytest.mark.chaos)])
def test_s11_of_many_producers_with_the_same_id_one_creates_the_task(
    servers: Servers, kind: BrokerKind, real_broker: Broker, times: int
) -> None:
    url = servers.url(kind)
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(4, context) as processes:
        each = times // PRODUCERS
        all_answers = processes.map(enqueue_repeatedly, [url] * PRODUCERS, range(PRODUCERS), [each] * PRODUCERS)
        answers = sum(all_answers, Counter[Enqueued]())

    assert answers.total() == times
    assert answers[Status.CREATED] == 1
    assert answers.keys() == {Status.CREATED, Status.EXISTS, Status.CONFLICT}
    keys = keys_of(QUEUE)
    assert real_broker.client().perform(("ZRANGE", keys.waiting, 0, -1)) == [b"order-42"]
    assert real_broker.client().perform(("HLEN", keys.tasks)) == 1
