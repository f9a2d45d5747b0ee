"""Ids that are not valid text, which only another program can have written, stop neither a claim nor a recovery."""

import pytest

from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.orphans import held_by
from redisched.store.store import Store
from redisched.store.values import ClaimRequest

pytestmark = pytest.mark.differs_by_server

HOSTILE = b"\xff\x00\x1b[31m"


def test_a_claim_works_despite_an_id_that_is_not_valid_text(broker: Broker) -> None:
    client = broker.client()
    store = Store(broker.script_runner, "mail")
    client.perform(("ZADD", store.keys.waiting, 1, HOSTILE))
    request = ClaimRequest(worker="w", nonce="1", limit=5, ahead_ms=0, ahead_limit=0, lease_ms=1_000)

    (lease,) = run(store.claim(request), client).leases

    assert lease.record == b""
    assert run(held_by(store, "w"), client) == [(lease.id, lease.token)]
