"""An error after which tasks may have arrived carries their requests. Sending these again adds nothing twice."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from redisched import Scheduler, TaskRef
from redisched.chaos import Action, Fault, Message, Proxy
from redisched.config import Settings
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from tests.brokers import BrokerKind, Servers, on_each_primary

Enqueue = Callable[[Scheduler], Any]


@pytest.fixture
def proxy(servers: Servers) -> Iterator[Proxy]:
    with Proxy(servers.url(BrokerKind.VALKEY)) as proxy:
        yield proxy


@pytest.fixture
def app(proxy: Proxy) -> Iterator[Scheduler]:
    app = Scheduler(settings=Settings(url=proxy.url, timeout_s=0.5))
    app.task(name="charge")(lambda order: order)
    app.enqueue("charge", 0)
    yield app
    app.close()


async def at_once(app: Scheduler) -> None:
    try:
        calls = [app.enqueue_async("charge", order) for order in (1, 2, 3)]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        ids: list[str] = []
        for error in errors:
            assert isinstance(error, BrokerUnavailable)
            assert len(error.requests) == 1
            ids += error.task_ids
        raise BrokerUnavailable("all of them", 0.0).about(ids)
    finally:
        await app.close_async()


async def many_async(app: Scheduler) -> list[TaskRef[Any]]:
    try:
        return await app.enqueue_many_async([app.request("charge", order) for order in (1, 2)])
    finally:
        await app.close_async()


WAYS: dict[str, tuple[Enqueue, int]] = {
    "enqueue": (lambda app: app.enqueue("charge", 1), 1),
    "handler": (lambda app: app.handler("charge").enqueue(1), 1),
    "options": (lambda app: app.handler("charge").options(priority=1).enqueue(1), 1),
    "chosen id": (lambda app: app.enqueue("charge", 1, id="mine"), 1),
    "enqueue_many": (lambda app: app.enqueue_many([app.request("charge", order) for order in (1, 2)]), 2),
    "enqueue_many_async": (lambda app: asyncio.run(many_async(app)), 2),
}


def every_reply_is_lost() -> list[Fault]:
    return [
        Fault(script="enqueue", occurrence=occurrence, message=Message.REPLY, action=Action.CUT)
        for occurrence in range(1, 100)
    ]


@pytest.mark.parametrize(("enqueue", "count"), WAYS.values(), ids=WAYS)
def test_requests_that_may_have_arrived_are_named_and_can_be_sent_again(
    app: Scheduler, proxy: Proxy, enqueue: Enqueue, count: int
) -> None:
    on_each_primary(app.broker, "FLUSHALL")
    proxy.set(*every_reply_is_lost())
    with pytest.raises(BrokerUnavailable, match="may have been enqueued") as failed:
        enqueue(app)
    proxy.set()

    error = failed.value
    assert len(error.requests) == len(error.task_ids) == count
    assert [request.id for request in error.requests] == list(error.task_ids)
    assert error.task_ids[0] in str(error)
    refs = app.enqueue_many(error.requests)
    assert [ref.id for ref in refs] == list(error.task_ids)
    assert app.broker.client().perform(("ZCARD", keys_of("default").waiting)) == count


def test_each_of_many_callers_gets_its_own_requests(app: Scheduler, proxy: Proxy) -> None:
    proxy.set(*every_reply_is_lost())
    with pytest.raises(BrokerUnavailable) as failed:
        asyncio.run(at_once(app))
    assert len(set(failed.value.task_ids)) == 3


def test_other_calls_can_be_repeated_unchanged(app: Scheduler, proxy: Proxy) -> None:
    task = app.ref("one", "default")
    proxy.set(
        *[Fault(script="read/task", occurrence=n, message=Message.REPLY, action=Action.CUT) for n in range(1, 99)]
    )
    with pytest.raises(BrokerUnavailable, match="the same call can safely be repeated"):
        task.status()
