"""Enqueueing many tasks takes few round trips, and each task gets its own answer."""

from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.errors import Conflict
from redisched.routing.chunk import CHUNK_BYTES, CHUNK_TASKS, chunks
from redisched.store.broker import Broker
from redisched.store.values import NewTask
from tests.brokers import fake_broker, keys_like
from tests.client.callers import Caller
from tests.client.stand_in import StandIn

pytestmark = pytest.mark.differs_by_routing


def task(size: int) -> NewTask:
    return NewTask("id", 5, "+0", b"x" * size)


def test_references_come_in_the_order_of_the_requests(app: Scheduler, call: Caller) -> None:
    @app.task(queue="mail")
    def send(number: int) -> None: ...

    requests = [send.request(1), app.request("charge", 2, queue="billing"), send.options(id="third").request(3)]
    refs = call(app.enqueue_many, requests)

    assert [(ref.id, ref.queue) for ref in refs] == [(request.id, request.queue) for request in requests]
    assert [body.args for body in StandIn(app, "mail").bodies()] == [[1], [3]]
    assert [body.args for body in StandIn(app, "billing").bodies()] == [[2]]


def test_more_tasks_than_fit_one_call_all_arrive_in_order(app: Scheduler, call: Caller) -> None:
    requests = [app.request("send", number) for number in range(2 * CHUNK_TASKS + 1)]

    call(app.enqueue_many, requests)

    worker = StandIn(app, "default")
    arrived: list[Any] = []
    while bodies := worker.bodies():
        arrived += [body.args[0] for body in bodies]
    assert arrived == list(range(2 * CHUNK_TASKS + 1))


def test_no_requests_make_no_tasks(app: Scheduler, call: Caller) -> None:
    assert call(app.enqueue_many, []) == []


def test_sending_requests_again_adds_no_task(app: Scheduler, call: Caller) -> None:
    requests = [app.request("send", number) for number in range(3)]

    assert call(app.enqueue_many, requests) == call(app.enqueue_many, requests)

    assert len(StandIn(app, "default").lease()) == 3


def test_a_conflict_is_raised_after_everything_else_was_sent(app: Scheduler, call: Caller) -> None:
    app.enqueue("send", 0, id="taken")
    requests = [app.request("send", number) for number in range(CHUNK_TASKS)]
    requests.insert(1, app.request("send", -1, id="taken"))

    with pytest.raises(Conflict) as conflict:
        call(app.enqueue_many, requests)

    assert conflict.value.task_id == "taken"
    worker = StandIn(app, "default")
    assert len(worker.lease()) + len(worker.lease()) + len(worker.lease()) == CHUNK_TASKS + 1


def test_large_tasks_are_split_by_bytes(app: Scheduler) -> None:
    quarter = CHUNK_BYTES // 4
    sizes = [[len(new.record) for new in chunk] for chunk in chunks([task(quarter)] * 5 + [task(2 * CHUNK_BYTES)])]

    assert sizes == [[quarter] * 4, [quarter], [2 * CHUNK_BYTES]]


def test_small_tasks_are_split_by_number() -> None:
    assert [len(chunk) for chunk in chunks([task(10)] * (CHUNK_TASKS + 1))] == [CHUNK_TASKS, 1]


def test_nothing_is_sent_when_a_request_cannot_be_made(broker: Broker) -> None:
    app = Scheduler(broker=broker, settings=Settings(payload_limit=100))

    with pytest.raises(ValueError, match="at most 100 bytes"):
        app.enqueue_many(app.request("send", "x" * size) for size in (10, 200))

    assert keys_like(broker, "*") == []


def test_queues_are_registered_once() -> None:
    app = Scheduler(broker=fake_broker())
    app.enqueue("send")
    app.broker.client().perform(("FLUSHALL",))

    app.enqueue("send", queue="other")

    assert app.broker.client().perform(("SMEMBERS", "redisched:queues")) == [b"other"]
