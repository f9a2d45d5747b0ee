"""Many producers enqueue tasks with one unique key at the same time, while their queue gets more shards."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from redisched import Scheduler
from redisched.keys import keys_of
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers

pytestmark = pytest.mark.fault

QUEUE = "race"
PRODUCERS = 20
BATCH = 100
SHARDS = (3, 5, 12, 24)


def produce(broker: Broker, batches: int, sent: threading.Semaphore) -> set[tuple[str, bool]]:
    """Enqueue with one key again and again. Answers the id and the newness of each reference."""
    app = Scheduler(broker=broker)
    request = app.request
    found: set[tuple[str, bool]] = set()
    for _ in range(batches):
        refs = app.enqueue_many([request("charge", queue=QUEUE, delay=3_600, unique="order:1") for _ in range(BATCH)])
        found |= {(ref.id, ref.is_new) for ref in refs}
        sent.release()
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize("calls", [20_000, pytest.param(1_000_000, marks=pytest.mark.nightly)])
def test_of_all_calls_of_20_producers_with_one_key_one_task_exists_while_its_queue_grows(
    servers: Servers, calls: int
) -> None:
    broker = servers.broker(BrokerKind.VALKEY)
    batches, sent = calls // BATCH // PRODUCERS, threading.Semaphore(0)
    with ThreadPoolExecutor(PRODUCERS) as pool:
        producers = [pool.submit(produce, broker, batches, sent) for _ in range(PRODUCERS)]
        for shards in SHARDS:
            for _ in range(PRODUCERS * batches // (len(SHARDS) + 1)):
                assert sent.acquire(timeout=60), "no producer is answered"
            Scheduler(broker=broker).grow(QUEUE, shards)
        found = set[tuple[str, bool]]().union(*(producer.result() for producer in producers))

    perform = broker.client().perform
    waiting = [id for shard in range(SHARDS[-1]) for id in perform(("ZRANGE", keys_of(QUEUE, shard).waiting, 0, -1))]
    assert len(waiting) == 1
    id = waiting[0].decode()
    assert found == {(id, True), (id, False)}
    broker.close()
