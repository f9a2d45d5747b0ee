"""Workers of two deploys at once: what one does not understand is left to the other, or waits for it. None is dead."""

import asyncio
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import pytest

from redisched import Scheduler, TaskRef, TaskState
from redisched.backoff import Backoff
from redisched.codec import encode_task
from redisched.engine.bring_forward import PAGE, PAUSES_S, BringForward, bring_forward
from redisched.engine.known_elsewhere import RENEW_S, KnownElsewhere
from redisched.model import TaskBody, run_at_of
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.presence import Deployment
from redisched.store.roster import Roster
from redisched.store.store import Store
from redisched.store.values import NewTask
from tests.engine.running import RunningWorker, look
from tests.engine.test_introducer import Process
from tests.waiting import wait_until

HOURS = Backoff(base_s=3_600.0, cap_s=3_600.0)
MAIL = "mail"


class Plain:
    """A codec that changes nothing."""

    name = "plain"

    def encode(self, value: Any) -> Any:
        return value

    def decode(self, encoded: Any, annotation: Any) -> Any:
        return encoded


def new(broker: Broker, **options: Any) -> Scheduler:
    """The application of the new deploy: it has one handler more."""
    app = Scheduler(broker=broker, **options)
    app.task(name="track", queue=MAIL)(lambda number: number)
    return app


def old_worker(broker: Broker) -> RunningWorker:
    """A worker of the old deploy, which knows nothing. What nobody knows, it puts off for an hour."""
    return RunningWorker(Scheduler(broker=broker), queues=(MAIL,), unroutable_backoff=HOURS)


def enqueue(broker: Broker, tasks: int, **options: Any) -> list[TaskRef[Any]]:
    app = new(broker, **options)
    return app.enqueue_many([app.handler("track").request(number) for number in range(tasks)])


def offers(broker: Broker, task: TaskRef[Any]) -> int:
    return look(broker, task.id, MAIL).redeliveries


def now_of(broker: Broker) -> float:
    """The server's time, in milliseconds."""
    return run(Inspector(broker.script_runner, MAIL).counts(), broker.client()).now_ms


def wait_until_put_off(broker: Broker, tasks: list[TaskRef[Any]]) -> None:
    wait_until(lambda: all(offers(broker, task) for task in tasks), "all are put off")
    assert {task.status() for task in tasks} == {TaskState.SCHEDULED}


@pytest.mark.differs_by_server
@pytest.mark.differs_by_routing
@pytest.mark.parametrize("shards", [1, 3])
def test_what_nobody_knew_starts_with_the_worker_that_does(broker: Broker, shards: int) -> None:
    new(broker).grow(MAIL, shards)
    tasks = enqueue(broker, 20)
    with old_worker(broker):
        wait_until_put_off(broker, tasks)

    with RunningWorker(new(broker), unroutable_backoff=HOURS):
        assert [task.result(timeout=10) for task in tasks] == list(range(20))
    views = [look(broker, task.id, MAIL) for task in tasks]
    assert {(view.attempts, view.crashes) for view in views} == {(1, 0)}


def test_what_others_know_is_left_to_them(broker: Broker) -> None:
    with RunningWorker(new(broker), unroutable_backoff=HOURS), old_worker(broker):
        roster = Roster(broker.script_runner)
        wait_until(lambda: len(run(roster.workers(), broker.client()).workers) == 2, "both are known")
        tasks = enqueue(broker, 20)
        assert [task.result(timeout=30) for task in tasks] == list(range(20))


def test_however_often_it_was_offered_a_task_is_not_dead(broker: Broker) -> None:
    (task,) = enqueue(broker, 1)
    broker.client().perform(("HSET", Store(broker.script_runner, MAIL).keys.tries, task.id, "0 0 999 0"))

    with old_worker(broker):
        wait_until(lambda: offers(broker, task) == 1_000, "it is offered once more")
    assert task.status() is TaskState.SCHEDULED
    with RunningWorker(new(broker), unroutable_backoff=HOURS):
        assert task.result(timeout=10) == 0


def test_a_time_that_somebody_asked_for_stays(broker: Broker) -> None:
    put_off, asked = enqueue(broker, 2)
    with old_worker(broker):
        wait_until_put_off(broker, [put_off, asked])
    asked.reschedule(run_at=datetime.now(UTC) + timedelta(days=1))

    with RunningWorker(new(broker), unroutable_backoff=HOURS):
        assert put_off.result(timeout=10) == 0
    assert (asked.status(), look(broker, asked.id, MAIL).attempts) == (TaskState.SCHEDULED, 0)


def test_a_worker_with_the_handler_but_not_the_codec_brings_nothing_forward(broker: Broker) -> None:
    tasks = enqueue(broker, 3, codec=Plain())
    with old_worker(broker):
        wait_until_put_off(broker, tasks)

    known = (Scheduler(broker=broker), new(broker), new(broker, codec=Plain()))
    store, now_ms = Store(broker.script_runner, MAIL), now_of(broker)
    moved = [run(bring_forward(store, app.registry.understands, now_ms, inf), broker.client()) for app in known]
    assert moved == [0, 0, 3]


def test_arguments_of_an_unknown_codec_wait_for_a_worker_that_has_it(broker: Broker) -> None:
    tasks = enqueue(broker, 3, codec=Plain())
    with RunningWorker(new(broker), unroutable_backoff=HOURS):
        wait_until_put_off(broker, tasks)

    with RunningWorker(new(broker, codec=Plain()), unroutable_backoff=HOURS):
        assert [task.result(timeout=10) for task in tasks] == [0, 1, 2]


def test_the_warning_says_what_is_missing_and_what_to_do(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    tasks = enqueue(broker, 30)
    with old_worker(broker):
        wait_until_put_off(broker, tasks)

    warned = [record.getMessage() for record in caplog.records if "track" in record.getMessage()]
    assert len(warned) == 1
    assert "no worker is known that has the handler track" in warned[0]
    assert "--import" in warned[0]


def test_more_than_a_page_is_brought_forward_and_nothing_else(broker: Broker) -> None:
    store = Store(broker.script_runner, MAIL)
    put_off = enqueue(broker, PAGE + 100)
    waits, retries = enqueue(broker, 2)
    other = NewTask("other", 5, "+3600000", b"12345678" + encode_task(TaskBody("other"), 1_000))
    run(store.enqueue([other]), broker.client())
    client = broker.client()
    for task in (*put_off, waits, retries):
        client.perform(("ZINCRBY", store.keys.waiting, 3_600_000, task.id))
    for task in (*put_off, retries):
        client.perform(("HSET", store.keys.tries, task.id, "1 0 2 7" if task is retries else "0 0 2 0"))
    client.perform(("HSET", store.keys.tries, "other", "0 0 2 0"))
    now_ms, understands = now_of(broker), new(broker).registry.understands

    assert run(bring_forward(store, understands, now_ms, inf), client) == PAGE + 100
    assert run(bring_forward(store, understands, now_ms + 1_000, inf), client) == 0

    ids = [*(task.id for task in put_off), waits.id, retries.id, "other"]
    scores = client.perform(("ZMSCORE", store.keys.waiting, *ids))
    is_due = [run_at_of(int(score)) <= now_ms + 60_000 for score in scores]
    assert is_due == [True] * len(put_off) + [False] * 3


def test_the_introduction_of_a_worker_tells_it_by_which_time_to_bring_tasks_forward(broker: Broker) -> None:
    (task,) = enqueue(broker, 1)
    with old_worker(broker):
        wait_until_put_off(broker, [task])

    async def body() -> float:
        process = Process(new(broker), "a", unroutable_backoff=HOURS)
        context = process.introducer._context
        context.stores[MAIL, 0] = Store(broker.script_runner, MAIL)
        bringing = BringForward(context, process.client)
        process.introducer.on_first = bringing.begin
        await process.introducer.step()
        pause_s = await bringing.step()
        await broker.close_async()
        return pause_s

    assert asyncio.run(body()) == PAUSES_S[0]
    assert task.status() is TaskState.READY


def test_what_is_known_elsewhere_is_asked_for_again_when_it_is_old() -> None:
    known = KnownElsewhere()
    assert not known.has_handler("track", 0.0)
    assert known.asked.is_set()

    known.asked.clear()
    known.learn([Deployment(handlers=("track",), codec="plain"), Deployment(handlers=("send",))], now_s=5.0)
    assert [known.has_handler(name, 5.5) for name in ("track", "send", "other")] == [True, True, False]
    assert [known.has_codec(name, 5.5) for name in ("plain", "")] == [True, False]
    assert not known.asked.is_set()

    assert known.has_handler("track", 5.0 + RENEW_S)
    assert known.asked.is_set()
    known.learn([], now_s=7.0)
    assert not known.has_handler("track", 7.0)


def test_a_deployment_that_told_only_some_of_its_names_may_have_any() -> None:
    known = KnownElsewhere()
    known.learn([Deployment(handlers=("send",), more_handlers=5)], now_s=0.0)
    assert known.has_handler("track", 0.0)
