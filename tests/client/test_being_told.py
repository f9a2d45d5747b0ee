"""Callers of `result` are told when a task has ended: while they wait, Redis is not asked."""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from redisched import Scheduler
from redisched.client import end_listener, waiting
from redisched.errors import AccessDenied
from redisched.keys import keys_of
from redisched.store.broker import Broker
from tests.brokers import REAL, on_each_primary
from tests.client.stand_in import StandIn
from tests.waiting import wait_until

WAITERS = 90
WATCHED = keys_of("default").watched


@pytest.fixture
def worker(app: Scheduler) -> StandIn:
    return StandIn(app, "default")


@pytest.fixture(autouse=True)
def no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that is not told waits for longer than a test may take."""
    monkeypatch.setattr(waiting, "LOOK_FOR_WORKER_S", 1_000.0)


@pytest.fixture
def told(app: Scheduler) -> Iterator[Scheduler]:
    """An application whose listener of blocking callers is connected."""
    listener = app._connection.end_listener()
    wait_until(lambda: listener.is_trusted, "the listener to subscribe")
    yield app
    app.close()


def calls(broker: Broker) -> Counter[str]:
    """How often each server command was called, except those that tell that."""
    found: Counter[str] = Counter()
    for info in on_each_primary(broker, "INFO", "commandstats"):
        for line in info.decode().splitlines():
            name, _, rest = line.removeprefix("cmdstat_").partition(":calls=")
            if rest and name not in ("info", "cluster|slots", "role"):
                found[name] += int(rest.partition(",")[0])
    return found


def test_a_blocking_caller_is_told(told: Scheduler, worker: StandIn) -> None:
    ref = told.enqueue("send")
    results: list[object] = []
    caller = threading.Thread(target=lambda: results.append(ref.result(timeout=60)))
    caller.start()
    wait_until(lambda: bool(watched(told)), "the watcher")
    worker.finish(worker.lease()[0], 42)
    caller.join(60)
    assert results == [42]


@pytest.mark.parametrize("broker", REAL, indirect=True)  # a fake server counts no commands
def test_waiting_callers_ask_redis_nothing(told: Scheduler, worker: StandIn) -> None:
    """Also an end of another task, which wakes none of them."""
    told.enqueue("send")
    worker.finish(worker.lease()[0], "once, so that the server has all scripts")
    refs = [told.enqueue("send", id=f"task-{number}") for number in range(WAITERS)]
    first, *rest = worker.lease()
    counted: list[Counter[str]] = []

    async def wait_for_all() -> list[object]:
        listener = await told._connection.end_listener_async()
        await asyncio.to_thread(wait_until, lambda: listener.is_trusted, "the listener to subscribe")
        callers = [asyncio.ensure_future(ref.result_async(timeout=60)) for ref in refs]
        await asyncio.to_thread(wait_until, lambda: len(watched(told)) == WAITERS, "all to wait")
        before = calls(told.broker)
        worker.finish(first, first.id)
        await callers[0]
        counted.append(calls(told.broker) - before)
        for lease in rest:
            worker.finish(lease, lease.id)
        results = await asyncio.gather(*callers)
        await told.close_async()
        return results

    assert asyncio.run(wait_for_all()) == [f"task-{number}" for number in range(WAITERS)]
    # An ack, and one look of the caller that was told.
    assert counted[0]["evalsha"] + counted[0]["eval"] == 2
    assert counted[0]["publish"] == 1


def test_one_of_many_callers_looks_early_to_find_out_whether_workers_publish(told: Scheduler) -> None:
    listener = told._connection.end_listener()
    assert [listener.may_probe(now_s) for now_s in (1.0, 1.05, 1.2, 1.2)] == [True, False, True, False]

    listener._heard(b"any")
    assert not listener.may_probe(5.0)


def watched(app: Scheduler) -> list[bytes]:
    ids: list[bytes] = app.broker.client().perform(("HKEYS", WATCHED))
    return ids


def test_a_connection_that_was_lost_is_opened_again_and_all_look(told: Scheduler, worker: StandIn) -> None:
    listener = told._connection.end_listener()
    ref = told.enqueue("send")
    worker.finish(worker.lease()[0], 1)
    assert ref.result(timeout=60) == 1
    on_each_primary(told.broker, "CLIENT", "KILL", "TYPE", "pubsub")
    ref = told.enqueue("send")
    worker.finish(worker.lease()[0], 2)
    assert ref.result(timeout=60) == 2
    wait_until(lambda: listener.is_trusted, "the listener to subscribe again")


def test_a_worker_that_publishes_nothing_has_callers_look_by_themselves(
    told: Scheduler, worker: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of an earlier version, or of a user who may not publish."""
    monkeypatch.setattr(waiting, "LOOK_FOR_WORKER_S", 0.3)
    listener = told._connection.end_listener()
    ref = told.enqueue("send")
    results: list[object] = []
    caller = threading.Thread(target=lambda: results.append(ref.result(timeout=60)))
    caller.start()
    wait_until(lambda: bool(watched(told)), "the watcher")
    told.broker.client().perform(("DEL", WATCHED))
    worker.finish(worker.lease()[0], 42)
    caller.join(60)
    assert results == [42]
    assert not listener.is_trusted
    told.broker.client().perform(("PUBLISH", listener.channel, "any"))
    wait_until(lambda: listener.is_trusted, "the listener to be trusted again")


def test_a_user_who_may_not_subscribe_gets_results_too(app: Scheduler, worker: StandIn) -> None:
    listener = app._connection.end_listener()
    wait_until(lambda: listener.is_trusted, "the listener to subscribe")
    listener._lost(AccessDenied("SUBSCRIBE", "no permissions"))
    ref = app.enqueue("send")
    worker.finish(worker.lease()[0], 42)
    assert ref.result(timeout=60) == 42
    assert watched(app) == []
    app.close()


def test_a_closed_application_waits_again(told: Scheduler, worker: StandIn) -> None:
    told.close()
    ref = told.enqueue("send")
    worker.finish(worker.lease()[0], 42)
    assert ref.result(timeout=60) == 42


@pytest.mark.parametrize("broker", REAL, indirect=True)  # a fake connection has no socket to shut down
def test_close_ends_the_thread_and_the_task(told: Scheduler) -> None:
    async def open_and_close() -> None:
        await told._connection.end_listener_async()
        await told.close_async()
        assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "redisched-results"] == []

    asyncio.run(open_and_close())
    listener = told._connection.end_listener()
    assert isinstance(listener, end_listener.ThreadEndListener)
    told.close()
    wait_until(lambda: not listener._thread.is_alive(), "the thread to end")


def test_a_forked_process_has_a_listener_of_its_own(told: Scheduler) -> None:
    parent = told._connection.end_listener()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        own = told._connection.end_listener()
        os.write(writer, b"1" if own is not parent and own.channel != parent.channel else b"0")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 1) == b"1"
    os.close(reader)
    os.close(writer)
    assert parent.is_trusted
    assert end_listener.PART == "results"
