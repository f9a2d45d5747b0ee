"""What Redis keeps about claims does not grow with the number of workers that started and ended."""

import itertools
import threading

from redisched import Scheduler
from redisched.keys import keys_of
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest, NewTask, ReapOutcome, ReapRequest
from tests.engine.running import RunningWorker, counts

GONE = 500
LEASE_MS = 60_000
KEYS = keys_of("mail")


def test_claims_of_dead_workers_are_forgotten_even_if_the_queue_is_never_empty(real_broker: Broker) -> None:
    store, client = Store(real_broker.script_runner, "mail"), real_broker.client()
    run(store.enqueue([NewTask("long", 5, "+0", b"digest-nbody")]), client)
    held = run(
        store.claim(ClaimRequest(worker="w", nonce="1", limit=1, ahead_ms=0, ahead_limit=0, lease_ms=LEASE_MS)), client
    )
    old = str(held.now_us - 2_000 * LEASE_MS)
    for number in range(GONE):
        client.perform(("HSET", KEYS.claims, f"gone-{number}", f"1 {old} " + "x" * 100))
    sweep = ReapRequest(worker="w", hold_ms=1_000, grace_ms=0, limit=9, crash_limit=3, failure=b"", lease_ms=LEASE_MS)

    for sweeps in itertools.count(1):
        assert run(store.reap(sweep), client).outcome is ReapOutcome.REAPED
        if client.perform(("HLEN", KEYS.claims)) == 1:
            break
        assert sweeps < 20 * GONE

    assert client.perform(("HKEYS", KEYS.claims)) == [b"w"], "a live worker may repeat its claim"


def test_claims_of_a_stopped_worker_are_forgotten_even_if_tasks_wait(real_broker: Broker) -> None:
    app = Scheduler(broker=real_broker)
    ran, never = threading.Event(), threading.Event()

    @app.task(queue="mail")
    def slow() -> None:
        ran.set()
        never.wait(0.02)

    app.enqueue_many([slow.request() for _ in range(1_000)])
    for _ in range(3):
        ran.clear()
        with RunningWorker(app, concurrency=1, queues=("mail",)):
            assert ran.wait(10)

    assert counts(real_broker, "mail").ready > 0
    assert real_broker.client().perform(("HKEYS", KEYS.claims)) == []
