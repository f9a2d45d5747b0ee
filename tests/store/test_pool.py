"""A limited number of connections is lent, in the order of the requests, and none is lost."""

import asyncio
import itertools
import threading
from collections.abc import Callable
from functools import partial

import pytest

from redisched.errors import BrokerUnavailable
from redisched.store.pool import AsyncPool, Pool
from tests.waiting import wait_until


def numbers() -> Callable[[], int]:
    return itertools.count(1).__next__


def test_an_idle_connection_is_lent_before_a_new_one_is_made() -> None:
    pool = Pool(numbers(), 2)
    first = pool.take(0.0)
    pool.give(first)
    assert pool.take(0.0) == first
    assert pool.take(0.0) == first + 1


def test_a_wait_for_a_connection_that_lasts_too_long_is_an_error() -> None:
    pool = Pool(numbers(), 1)
    pool.take(0.0)
    with pytest.raises(BrokerUnavailable, match="all 1 connections are in use; raise max_connections"):
        pool.take(0.01)
    pool.drop()
    assert pool.take(0.0) == 2


def has_waiting(pool: Pool[int], count: int) -> bool:
    return len(pool._waiting) == count


def test_threads_get_connections_in_the_order_of_their_requests() -> None:
    pool = Pool(numbers(), 1)
    connection = pool.take(0.0)
    served: list[int] = []

    def use(number: int) -> None:
        taken = pool.take(20.0)
        served.append(number)
        pool.give(taken)

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=use, args=(number,)))
        threads[-1].start()
        wait_until(partial(has_waiting, pool, number + 1), "the thread to wait")
    pool.give(connection)
    for thread in threads:
        thread.join(20)
    assert served == [0, 1, 2, 3, 4]


def test_a_connection_that_cannot_be_opened_is_not_counted() -> None:
    def make() -> int:
        raise OSError("no descriptor is left")

    pool = Pool(make, 1)
    for _ in range(3):
        with pytest.raises(OSError, match="descriptor"):
            pool.take(0.0)


def test_coroutines_get_connections_in_order_and_a_cancelled_one_gets_none() -> None:
    async def scene() -> None:
        pool = AsyncPool(numbers(), 2)
        held = [await pool.take(0.0), await pool.take(0.0)]
        served: list[int] = []

        async def use(number: int) -> None:
            taken = await pool.take(20.0)
            served.append(number)
            await asyncio.sleep(0)
            pool.give(taken)

        users = [asyncio.create_task(use(number)) for number in range(6)]
        await asyncio.sleep(0)
        users[1].cancel()
        await asyncio.sleep(0)
        pool.give(held[0])
        pool.drop()
        await asyncio.gather(*users, return_exceptions=True)
        assert served == [0, 2, 3, 4, 5]
        assert pool._state.lent == 0
        with pytest.raises(BrokerUnavailable, match="max_connections"):
            await asyncio.gather(*(pool.take(0.01) for _ in range(3)))

    asyncio.run(scene())


def test_an_idle_connection_is_not_taken_from_one_who_waits_for_it() -> None:
    async def scene() -> None:
        pool = AsyncPool(numbers(), 1)
        assert pool.take_idle() is None
        connection = await pool.take(0.0)
        waiting = asyncio.create_task(pool.take(20.0))
        await asyncio.sleep(0)

        pool.give(connection)

        assert pool.take_idle() is None
        assert await waiting == connection
        pool.give(connection)
        await asyncio.sleep(0)
        assert pool.take_idle() == connection
        assert pool.take_idle() is None

    asyncio.run(scene())
