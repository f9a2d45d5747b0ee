"""Scripts use the server's clock. In these tests it is not replaced by another."""

import pytest

from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import Ack, ClaimRequest, FailedAttempt, ForgetLimits, NewTask, ReapRequest
from tests.lua.queue import request
from tests.lua.situation import situation_of

pytestmark = pytest.mark.differs_by_server

QUEUE = "mail"


def server_us(broker: Broker) -> int:
    seconds, microseconds = broker.client().perform(("TIME",))
    return int(seconds) * 1_000_000 + int(microseconds)


@pytest.fixture
def store(broker: Broker) -> Store:
    return Store(broker.script_runner, QUEUE)


def enqueue_and_claim(broker: Broker, store: Store, asked: ClaimRequest) -> int:
    """Answers the token of the one task leased."""
    client = broker.client()
    run(store.enqueue([NewTask("a", 5, "+0", b"digest-abody")]), client)
    (lease,) = run(store.claim(asked), client).leases
    return lease.token


def test_a_claim_returns_the_servers_time_and_uses_it_as_token(broker: Broker, store: Store) -> None:
    before_us = server_us(broker)
    run(store.enqueue([NewTask("a", 5, "+0", b"digest-abody")]), broker.client())
    claim = run(store.claim(request()), broker.client())
    after_us = server_us(broker)

    assert before_us <= claim.now_us <= after_us
    assert claim.leases[0].token == claim.now_us


def test_future_times_count_from_the_servers_time(broker: Broker, store: Store) -> None:
    before_ms = server_us(broker) // 1_000
    token = enqueue_and_claim(broker, store, request(lease_ms=30_000))
    ends_ms = situation_of(broker, QUEUE)["leases"]["a"]
    run(store.retry([FailedAttempt("a", token, 60_000, b"boom")]), broker.client())
    run_at_ms = situation_of(broker, QUEUE)["waiting"]["a"] % 2**42
    after_ms = server_us(broker) // 1_000

    assert before_ms + 30_000 <= ends_ms <= after_ms + 30_000
    assert before_ms + 60_000 <= run_at_ms <= after_ms + 60_000


def test_a_lease_and_a_retention_of_no_length_are_over_at_once(broker: Broker, store: Store) -> None:
    client = broker.client()
    enqueue_and_claim(broker, store, request(lease_ms=0))
    reap = ReapRequest(worker="w", hold_ms=1_000, grace_ms=0, limit=9, crash_limit=3, failure=b"", lease_ms=0)
    assert [id for id, _ in run(store.reap(reap), client).tasks] == ["a"]

    (lease,) = run(store.claim(request("nonce-2")), client).leases
    run(store.ack([Ack("a", lease.token, 0, b"digest-aend")]), client)

    assert run(store.forget(ForgetLimits(limit=9, dead_retention_ms=0)), client).tasks == 1
