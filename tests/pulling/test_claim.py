"""What a block gets: the best due tasks of a queue, and only those that a program may have."""

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched import Scheduler, TaskState
from redisched.config import Settings
from redisched.errors import BrokerUnavailable, InvalidOption
from redisched.store.broker import Broker, connect
from redisched.store.operation import run
from redisched.store.store import Store
from tests.engine.running import look, work_off
from tests.pulling.blocks import Pull


def test_the_best_due_tasks_come_first_whatever_their_names(app: Scheduler, pull: Pull) -> None:
    app.enqueue("late", queue="mail", delay=3600)
    app.enqueue("low", 1, queue="mail", priority=7)
    app.enqueue("first", 2, queue="mail", kwargs={"to": "a"})
    app.enqueue("second", 3, queue="mail")

    with pull.claim(n=2) as leases:
        tasks = [lease.task for lease in leases]

    assert [(task.name, task.args, dict(task.kwargs)) for task in tasks] == [
        ("first", (2,), {"to": "a"}),
        ("second", (3,), {}),
    ]


def test_a_lease_tells_all_of_its_task(app: Scheduler, pull: Pull) -> None:
    @app.task(name="send", queue="mail", priority=3)
    def send(path: timedelta) -> None: ...

    before = datetime.now(UTC)
    ref = send.enqueue(timedelta(seconds=5))

    with pull.claim() as (lease,):
        task = lease.task
        assert (task.id, task.queue, task.name, task.priority, task.attempt) == (ref.id, "mail", "send", 3, 1)
        assert task.args == (timedelta(seconds=5),)
        assert task.state is TaskState.RUNNING
        assert task.run_at is not None
        assert task.enqueued_at is not None
        assert before - timedelta(seconds=1) < task.enqueued_at <= datetime.now(UTC)
        assert lease.fence > 0
        assert not lease.lost
        assert not lease.cancelled


def test_an_empty_queue_has_no_leases(pull: Pull) -> None:
    with pull.claim(n=5) as leases:
        assert leases == ()


def test_all_shards_of_a_queue_are_one_order(app: Scheduler, pull: Pull) -> None:
    app.grow("mail", 3)
    for number in range(30):
        app.enqueue("send", number, queue="mail", priority=9 - number % 5)

    with pull.claim(n=12) as leases:
        got = [lease.task.priority for lease in leases]
        for lease in leases:
            pull(lease.ack)
    with pull.claim(n=200) as leases:
        others = [lease.task.priority for lease in leases]

    assert got == [5] * 6 + [6] * 6
    assert others == [7] * 6 + [8] * 6 + [9] * 6


def test_a_waiting_program_is_woken_by_an_enqueue(app: Scheduler, pull: Pull) -> None:
    begun = threading.Event()

    def enqueue() -> None:
        begun.wait()
        app.enqueue("send", queue="mail")

    thread = threading.Thread(target=enqueue)
    thread.start()
    begun.set()
    with pull.claim(wait=30) as leases:
        assert [lease.task.name for lease in leases] == ["send"]
    thread.join()


def test_a_waiting_program_gets_a_task_when_it_falls_due(app: Scheduler, pull: Pull) -> None:
    app.enqueue("send", queue="mail", delay=0.2)

    with pull.claim(wait=30) as leases:
        assert [lease.task.name for lease in leases] == ["send"]


def test_a_program_waits_no_longer_than_it_says(pull: Pull) -> None:
    with pull.claim(wait=0.05) as leases:
        assert leases == ()


def test_a_wait_ends_in_a_queue_of_many_shards(app: Scheduler, pull: Pull) -> None:
    app.grow("mail", 4)
    app.enqueue("send", queue="mail", delay=0.1)

    with pull.claim(wait=30, n=3) as leases:
        assert len(leases) == 1


def test_what_cannot_be_read_is_dead_and_not_handed_out(app: Scheduler, pull: Pull, broker: Broker) -> None:
    damaged = app.enqueue("send", queue="mail")
    app.enqueue("good", queue="mail")
    keys = Store(broker.script_runner, "mail").keys
    broker.client().perform(("HSET", keys.tasks, damaged.id, b"12345678garbage"))

    with pull.claim(n=5) as leases:
        assert [lease.task.name for lease in leases] == ["good"]

    assert damaged.status() is TaskState.DEAD


def test_arguments_that_do_not_fit_the_annotations_make_a_task_dead_as_in_a_worker(app: Scheduler, pull: Pull) -> None:
    ref = app.enqueue("send", "no number", queue="mail")

    @app.task(name="send", queue="mail")
    def send(after: timedelta) -> None: ...

    with pull.claim() as leases:
        assert leases == ()

    assert look(app.broker, ref.id, "mail").failure is not None
    assert ref.status() is TaskState.DEAD


def test_of_tasks_under_which_a_process_died_only_one_is_claimed(app: Scheduler, pull: Pull, broker: Broker) -> None:
    refs = [app.enqueue("send", number, queue="mail") for number in range(3)]
    keys = Store(broker.script_runner, "mail").keys
    for ref in refs[:2]:
        broker.client().perform(("HSET", keys.tries, ref.id, "0 1 0 7"))

    with pull.claim(n=3) as leases:
        assert [lease.task.id for lease in leases] == [refs[0].id, refs[2].id]
        assert refs[1].status() is TaskState.READY


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("n", 0, "a whole number from 1 to 200"),
        ("n", 201, "a whole number from 1 to 200"),
        ("n", True, "a whole number"),
        ("lease", 0.4, "from 0.5 s, so that it can be renewed in time, to a day"),
        ("lease", 86_401, "to a day"),
        ("lease", "30", "a number of seconds"),
        ("wait", -1, "at least 0"),
        ("queue", "a b", "letters, digits"),
    ],
)
def test_an_option_that_cannot_be_is_refused_at_the_call(option: str, value: object, allowed: str) -> None:
    app = Scheduler("redis://127.0.0.1:1")
    options: dict[str, Any] = {"queue": "mail", option: value}

    for claim in (app.claim, app.claim_async):
        with pytest.raises(InvalidOption, match=allowed) as refused:
            claim(**options)
        assert refused.value.argument == option


def test_a_redis_that_is_away_is_told_where_the_block_begins() -> None:
    app = Scheduler(broker=connect("redis://127.0.0.1:1", 0.05), settings=Settings(timeout_s=0.1))

    with pytest.raises(BrokerUnavailable), app.claim("mail"):
        raise AssertionError("the block has begun")


def test_pulled_and_worked_off_tasks_are_of_one_kind(app: Scheduler, pull: Pull) -> None:
    @app.task(name="double", queue="mail")
    def double(number: int) -> int:
        return 2 * number

    refs = [double.enqueue(number) for number in range(4)]
    with pull.claim(n=2) as leases:
        for lease in leases:
            pull(lease.ack, 2 * lease.task.args[0])
    work_off(app, queues=("mail",))

    assert [ref.result(5) for ref in refs] == [0, 2, 4, 6]


def test_claims_leave_nothing_behind(app: Scheduler, pull: Pull, broker: Broker) -> None:
    app.enqueue("send", queue="mail")
    with pull.claim() as (lease,):
        pull(lease.ack)
    with pull.claim() as leases:
        assert leases == ()

    assert broker.client().perform(("EXISTS", Store(broker.script_runner, "mail").keys.claims)) == 0
    assert run(Store(broker.script_runner, "mail").shard_map(), broker.client()).shards == 1


def test_a_paused_queue_gives_no_tasks(app: Scheduler, pull: Pull) -> None:
    app.enqueue("send", queue="mail")
    app.queue("mail").pause()

    with pull.claim(wait=0.05) as leases:
        assert leases == ()

    app.queue("mail").resume()
    with pull.claim(wait=30) as leases:
        assert len(leases) == 1


def test_a_call_of_claim_has_one_block_at_a_time(app: Scheduler) -> None:
    ref = app.enqueue("send", queue="mail")
    claim = app.claim("mail")

    with claim:
        with pytest.raises(InvalidOption, match="one that does not run"), claim:
            raise AssertionError("the block has begun twice")
        assert ref.status() is TaskState.LEASED
    with claim as (lease,):
        assert lease.task.id == ref.id


def test_an_asynchronous_call_of_claim_has_one_block_at_a_time(app: Scheduler) -> None:
    claim = app.claim_async("mail")

    async def twice() -> None:
        async with claim:
            with pytest.raises(InvalidOption, match="one that does not run"):
                await claim.__aenter__()
        async with claim as leases:
            assert leases == ()
        await app.close_async()

    asyncio.run(twice())


def exit_code_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_that_leaves_the_block_gives_back_nothing(app: Scheduler) -> None:
    ref = app.enqueue("send", queue="mail")
    claim = app.claim("mail")

    with claim as (lease,):
        child = os.fork()
        if child == 0:
            claim.__exit__(None, None, None)
            os._exit(0)
        assert exit_code_of(child) == 0
        assert ref.status() is TaskState.LEASED
        assert lease.ack() is TaskState.SUCCEEDED


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_that_leaves_an_asynchronous_block_gives_back_nothing(app: Scheduler) -> None:
    ref = app.enqueue("send", queue="mail")
    claim = app.claim_async("mail")

    async def fork_within() -> TaskState:
        async with claim as (lease,):
            child = os.fork()
            if child == 0:
                await claim.__aexit__(None, None, None)
                os._exit(0)
            assert exit_code_of(child) == 0
            assert await ref.status_async() is TaskState.LEASED
            state = await lease.ack_async()
        await app.close_async()
        return state

    assert asyncio.run(fork_within()) is TaskState.SUCCEEDED
