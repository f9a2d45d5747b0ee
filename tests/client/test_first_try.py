"""The first try of a single enqueue has no retry policy of its own; its time is part of that of the call."""

import itertools

import pytest

from redisched.client.connection import Connection
from redisched.config import Settings
from redisched.errors import BrokerUnavailable
from redisched.routing.freshness import Freshness
from redisched.routing.shard_router import ShardRouter
from redisched.shard_map import ShardMap
from redisched.store.broker import connect
from redisched.store.enqueued import Enqueued
from redisched.store.operation import Operation
from redisched.store.values import NewTask

QUEUE = "mail"
NOW_S = 100.0
NO_ANSWER = BrokerUnavailable("no answer", 2.0)


def enqueue(first_try_s: float) -> Operation[Enqueued]:
    """A call of 5 s, at its first step; the time after that step is `first_try_s` later."""
    moments_s = itertools.chain([NOW_S], itertools.repeat(NOW_S + first_try_s))
    connection = Connection(Settings(timeout_s=5.0), connect("redis://127.0.0.1:1", 2.0))
    connection.shard_maps.remember(QUEUE, ShardMap(), NOW_S)
    connection.monotonic = lambda: next(moments_s)
    return ShardRouter(connection).one(QUEUE, NewTask("a", 5, "+0", b"digest-1body"), Freshness.NEW)


def test_a_call_whose_first_try_took_most_of_its_time_makes_no_second_one() -> None:
    call = enqueue(first_try_s=4.0)
    assert isinstance(next(call), tuple)
    with pytest.raises(BrokerUnavailable, match="used up"):
        call.throw(NO_ANSWER)


def test_a_call_whose_first_try_failed_soon_makes_a_second_one() -> None:
    call = enqueue(first_try_s=1.0)
    first = next(call)
    again = call.throw(NO_ANSWER)
    assert isinstance(first, tuple)
    assert again == first
