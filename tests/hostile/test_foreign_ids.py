"""A task with an id that no producer of redisched makes ends as dead, and does not hold up other tasks."""

import logging

import pytest

from redisched import Scheduler, TaskState
from redisched.codec import DIGEST_BYTES, encode_task
from redisched.keys import keys_of
from redisched.model import DeathReason, TaskBody
from redisched.option_checks import is_id
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.page import Query
from tests.engine.running import RunningWorker, counts
from tests.store.observed import pages_of
from tests.waiting import wait_until

QUEUE = "default"
FOREIGN = [
    b"\xff\xfe" * 40,
    b"\xff",
    b"a" * 201,
    b"b" * 400,
    b"c" * 4_000,
    b"\xe2\x82\xac" * 30,
    b"with a space",
    b"line\nend",
    b"nul\x00",
    b"",
    b"\x1b[31m",
]


def store_under(broker: Broker, task_id: bytes) -> None:
    """Store a valid record of a known handler under an id, as another program might."""
    keys = keys_of(QUEUE)
    record = bytes(DIGEST_BYTES) + encode_task(TaskBody("work", [1]), 1_000)
    broker.client().perform(("HSET", keys.tasks, task_id, record))
    broker.client().perform(("ZADD", keys.waiting, 5 * 2**42, task_id))


def test_a_task_with_a_foreign_id_ends_dead_and_its_neighbours_are_done(
    real_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    app = Scheduler(broker=real_broker)
    ran: list[int] = []
    app.task(name="work")(ran.append)
    for task_id in FOREIGN:
        store_under(real_broker, task_id)
    healthy = app.enqueue_many([app.request("work", 1) for _ in range(50)])

    with caplog.at_level(logging.INFO), RunningWorker(app, concurrency=4, lease_s=1.0):
        for task in healthy:
            task.result(timeout=10)
        wait_until(lambda: counts(real_broker).dead == len(FOREIGN), "every foreign task is dead")

    assert ran == [1] * 50
    assert counts(real_broker).leased == 0
    inspector = Inspector(real_broker.script_runner, QUEUE)
    pages = pages_of(inspector, lambda look: run(look, real_broker.client()), Query(states={TaskState.DEAD}, limit=2))
    dead = [view for page in pages for view in page.views]
    assert {view.id.encode(errors="surrogateescape") for view in dead} == set(FOREIGN)
    assert {view.failure.reason for view in dead if view.failure} == {DeathReason.UNDECODABLE}
    assert len(caplog.records) < 4 * len(FOREIGN)


@pytest.mark.parametrize("task_id", FOREIGN, ids=range(len(FOREIGN)))
def test_no_foreign_id_is_taken_for_a_valid_one(task_id: bytes) -> None:
    assert not is_id(task_id.decode(errors="surrogateescape"))


@pytest.mark.parametrize("task_id", ["a", "1m8ge6htz0000kmwwyxr", "order:42", "x" * 200, "!", "~", "A-B_c.9"])
def test_every_id_that_may_be_chosen_is_valid(task_id: str) -> None:
    assert is_id(task_id)
