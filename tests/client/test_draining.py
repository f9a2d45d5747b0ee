"""A queue is drained when nothing of it is due and workers have none of it; an empty one can be removed."""

import pytest

from redisched import Scheduler
from redisched.errors import DrainTimeout, InvalidOption, QueueNotEmpty
from redisched.model import TaskState
from redisched.store.broker import Broker
from tests.brokers import keys_like
from tests.client.callers import Caller
from tests.client.stand_in import FAILURE, StandIn
from tests.engine.running import RunningWorker


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redisched.client.queue_verbs.LONGEST_PAUSE_S", 0.05)


def test_what_waits_for_its_time_or_is_dead_is_left(app: Scheduler, call: Caller) -> None:
    worker = StandIn(app, "mail")
    app.enqueue("send", queue="mail")
    (lease,) = worker.lease()
    worker.bury(lease, FAILURE)
    app.enqueue("send", queue="mail", delay=60)

    counts = call(app.queue("mail").drain)

    assert (counts.ready, counts.leased, counts.scheduled, counts.dead) == (0, 0, 1, 1)


@pytest.mark.parametrize("shards", [1, 3])
def test_it_waits_for_due_tasks_and_for_those_of_workers(app: Scheduler, call: Caller, shards: int) -> None:
    app.grow("mail", shards)
    app.task(name="send", queue="mail")(lambda: "sent")
    refs = app.enqueue_many(app.request("send", queue="mail") for _ in range(30))
    with RunningWorker(app):
        call(app.queue("mail").drain, timeout=20)

        assert {ref.status() for ref in refs} == {TaskState.SUCCEEDED}


def test_when_the_time_is_over_it_says_what_there_is(app: Scheduler, call: Caller) -> None:
    app.enqueue_many(app.request("send", queue="mail") for _ in range(3))
    StandIn(app, "mail").lease()
    app.enqueue("send", queue="mail")

    with pytest.raises(DrainTimeout) as error:
        call(app.queue("mail").drain, timeout=0.05)

    assert (error.value.queue, error.value.ready, error.value.leased) == ("mail", 1, 3)
    assert "1 tasks are due, and workers have 3" in str(error.value)


def test_of_a_paused_queue_only_what_workers_have_is_awaited(app: Scheduler, call: Caller) -> None:
    worker = StandIn(app, "mail")
    app.enqueue("send", queue="mail")
    (lease,) = worker.lease()
    app.queue("mail").pause()
    app.enqueue("send", queue="mail")

    with pytest.raises(DrainTimeout):
        call(app.queue("mail").drain, timeout=0.05)
    worker.finish(lease, "sent")

    assert call(app.queue("mail").drain, timeout=20).ready == 1


@pytest.mark.parametrize("timeout", [0, -1, "soon", True])
def test_a_timeout_that_is_none_is_refused(app: Scheduler, call: Caller, timeout: object) -> None:
    with pytest.raises(InvalidOption, match="timeout"):
        call(app.queue("mail").drain, timeout=timeout)


@pytest.mark.parametrize("shards", [1, 3])
def test_an_empty_queue_is_removed_and_can_be_used_again(
    app: Scheduler, call: Caller, broker: Broker, shards: int
) -> None:
    app.grow("mail", shards)
    app.enqueue("send", queue="mail", id="a")
    app.enqueue("send", queue="other")
    app.queue("mail").purge()
    app.queue("mail").pause()

    call(app.queue("mail").remove)

    assert {key.rpartition(b":")[2] for key in keys_like(broker, "redisched:{mail*")} <= {b"layout"}
    assert broker.client().perform(("SMEMBERS", "redisched:queues")) == [b"other"]
    call(app.queue("mail").remove)
    app.enqueue("send", queue="mail", id="a")
    assert sorted(broker.client().perform(("SMEMBERS", "redisched:queues"))) == [b"mail", b"other"]
    assert sum(len(StandIn(app, "mail", shard).lease()) for shard in range(shards)) == 1


def test_a_queue_with_tasks_is_not_removed(app: Scheduler, call: Caller) -> None:
    app.enqueue("send", queue="mail")
    worker = StandIn(app, "mail")
    (lease,) = worker.lease()
    worker.bury(lease, FAILURE)
    app.enqueue("send", queue="mail", delay=60)

    with pytest.raises(QueueNotEmpty, match="1 waiting, 0 leased and 1 dead tasks"):
        call(app.queue("mail").remove)

    assert app.queue("mail").drain().dead == 1


def test_a_worker_goes_on_when_its_queue_is_removed(app: Scheduler) -> None:
    app.task(name="send", queue="mail")(lambda: "sent")
    with RunningWorker(app):
        assert app.enqueue("send").result(timeout=20) == "sent"
        app.queue("mail").drain(20)
        app.queue("mail").remove()
        assert app.enqueue("send").result(timeout=20) == "sent"
