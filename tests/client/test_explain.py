"""A program asks why a task is not running, and hears the reason that holds on a real server."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from redisched import Explanation, OnDuplicate, Reason, Retry, Scheduler, TaskRef, TaskState, fixed
from redisched.codec import encode_failure
from redisched.conversion.codec import Codec
from redisched.errors import InvalidOption
from redisched.model import DeathReason, Failure
from redisched.orders import WorkerOrder
from redisched.store.operation import run
from redisched.store.roster import Roster
from tests.client.callers import Caller
from tests.client.stand_in import WORKER, StandIn
from tests.engine.running import RunningWorker
from tests.engine.test_codec import JsonCodec
from tests.snapshot import snapshot_of
from tests.waiting import wait_until

pytestmark = pytest.mark.differs_by_routing


@pytest.fixture
def app(broker: Any) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="send", queue="mail")(lambda *args: "sent")
    return app


@pytest.fixture
def worker(app: Scheduler) -> StandIn:
    return StandIn(app, "mail")


@pytest.fixture
def served(app: Scheduler, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker serves the queue and knows the handler, and has no slot free."""
    monkeypatch.setattr("redisched.engine.introducer.INTERVAL_S", 0.05)
    release = threading.Event()
    app.task(name="hold", queue="mail")(lambda: release.wait(20))
    held = app.enqueue("hold", priority=0)
    with RunningWorker(app, concurrency=1):
        wait_until(lambda: held.status() is TaskState.RUNNING, "the only slot to be taken")
        probe = app.enqueue("send")
        wait_until(lambda: told_of(probe) == (Reason.BUSY,), "the worker to have said what it serves and runs")
        probe.delete()
        yield
        for ref in app.pending("mail"):
            app.ref(ref.id, "mail").cancel()
        release.set()


def reason_and_position(explanation: Explanation) -> tuple[Reason, int | None]:
    return explanation.reason, explanation.position


def told_of(ref: TaskRef[Any]) -> tuple[Reason, ...]:
    explanation = ref.explain()
    return explanation.reason, *explanation.further


def test_a_task_that_is_not_due_says_when(app: Scheduler, call: Caller, served: None) -> None:
    task = app.enqueue("send", delay=3600)

    explanation = call(task.explain)

    assert (explanation.reason, explanation.state, explanation.further) == (Reason.SCHEDULED, TaskState.SCHEDULED, ())
    assert explanation.expected_start_ms is not None
    assert 3_590_000 < explanation.expected_start_ms - explanation.now_ms <= 3_600_000
    assert explanation.expected_start is not None
    assert explanation.expected_start.timestamp() * 1e3 == pytest.approx(explanation.expected_start_ms)
    assert "it is due at" in explanation.sentence


def test_a_due_task_says_how_many_are_before_it(app: Scheduler, call: Caller, served: None) -> None:
    later = app.enqueue("send", priority=7)
    better = [app.enqueue("send", priority=priority) for priority in (2, 6, 7)]

    first, last = call(better[0].explain), call(better[2].explain)

    assert (first.reason, first.position, first.expected_start_ms) == (Reason.BUSY, 0, None)
    assert (last.reason, last.position) == (Reason.BUSY, 3)
    assert (told_of(later)[0], later.explain().position) == (Reason.BUSY, 2)
    assert first.advice == "start another worker: redisched worker MODULE:APP --queues mail"


def test_a_paused_queue_is_the_reason(app: Scheduler, call: Caller, served: None) -> None:
    pause = app.queue("mail").pause("1h")

    explanation = call(app.enqueue("send").explain)

    assert (explanation.reason, explanation.further) == (Reason.PAUSED, ())
    assert (explanation.since_ms, explanation.until_ms) == (pause.since_ms, pause.until_ms)
    assert explanation.expected_start_ms == pause.until_ms
    assert pause.by in explanation.sentence
    assert explanation.advice == "resume it: redisched queue resume mail"


@pytest.mark.parametrize("shards", [1, 3])
def test_a_queue_without_a_worker_is_the_reason(app: Scheduler, call: Caller, shards: int) -> None:
    app.grow("mail", shards)

    for _ in range(3):
        explanation = call(app.enqueue("send").explain)
        assert (explanation.reason, explanation.further) == (Reason.NO_WORKER, ())


def test_workers_that_take_nothing_more_are_the_reason(
    app: Scheduler, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redisched.engine.introducer.INTERVAL_S", 0.05)
    with RunningWorker(app) as running:
        roster = Roster(app.broker.script_runner)
        order = partial(roster.order, running.name, WorkerOrder.QUIET, "id")
        wait_until(lambda: run(order(), app.broker.client()), "the worker to be known")
        task = app.enqueue("send", delay=3600)
        wait_until(lambda: Reason.QUIET in told_of(task), "the worker to hear the order")
        task.run_now()
        # A claim that was on its way may still lease it, and gives it back.
        wait_until(lambda: reason_and_position(call(task.explain)) == (Reason.QUIET, 0), "no worker to have it")
        task.cancel()


def test_a_handler_that_no_worker_knows_is_the_reason(app: Scheduler, call: Caller, served: None) -> None:
    explanation = call(app.enqueue("track", queue="mail").explain)

    assert (explanation.reason, explanation.further) == (Reason.NO_HANDLER, ())
    assert "handler track" in explanation.sentence


def test_a_task_that_was_put_off_says_that_nobody_knows_its_handler(app: Scheduler, call: Caller) -> None:
    task = app.enqueue("track", queue="mail")
    with RunningWorker(app):
        wait_until(lambda: task.status() is TaskState.SCHEDULED, "the worker to give it back")

        wait_until(lambda: task.explain().reason is Reason.NO_HANDLER, "the worker to have said what it serves")
        assert call(task.explain).further == ()


def test_a_codec_that_no_worker_has_is_the_reason(app: Scheduler, call: Caller, served: None) -> None:
    codec: Codec = JsonCodec()
    other = Scheduler(broker=app.broker, codec=codec)
    task = other.enqueue("send", 5, queue="mail")

    explanation = call(app.ref(task.id, "mail").explain)

    assert explanation.reason is Reason.NO_CODEC
    assert "codec json 1" in explanation.sentence


def test_a_leased_task_names_its_worker(app: Scheduler, call: Caller, worker: StandIn) -> None:
    task = app.enqueue("send")
    (lease,) = worker.lease()
    worker.renew(lease)

    explanation = call(task.explain)

    assert (explanation.reason, explanation.worker) == (Reason.LEASED, WORKER)
    assert explanation.since_ms == lease.token // 1000 <= explanation.now_ms
    assert (explanation.until_ms or 0) > explanation.now_ms


def test_a_running_task_says_where_and_since_when(app: Scheduler, call: Caller, worker: StandIn) -> None:
    task = app.enqueue("send")
    (lease,) = worker.lease()
    worker.start(lease)

    explanation = call(task.explain)
    assert (explanation.reason, explanation.worker, explanation.since_ms) == (Reason.RUNNING, WORKER, 1)

    task.cancel()
    assert call(task.explain).reason is Reason.CANCELLING


def test_a_lease_that_is_over_says_that_nobody_takes_it_back(app: Scheduler, call: Caller, worker: StandIn) -> None:
    task = app.enqueue("send")
    worker.lease()
    app.broker.client().perform(("ZADD", worker._store.keys.leases, "1", task.id))

    explanation = call(task.explain)

    assert (explanation.reason, explanation.further) == (Reason.LEASE_OVER, (Reason.NO_WORKER,))


def test_a_failed_task_says_after_which_error_it_is_tried_again(app: Scheduler, call: Caller, worker: StandIn) -> None:
    task = app.enqueue("send")
    (lease,) = worker.lease()
    worker.fail(lease, encode_failure(Failure(name="send", error="ValueError: no", attempt=1, worker="w1")))

    explanation = call(task.explain)

    assert (explanation.reason, explanation.error, explanation.worker) == (Reason.RETRYING, "ValueError: no", "w1")
    assert "in 1 attempt, the last time with ValueError: no" in explanation.sentence
    assert explanation.further == (Reason.NO_WORKER,)


def test_a_task_that_follows_another_says_which(app: Scheduler, call: Caller, worker: StandIn) -> None:
    options: dict[str, Any] = {"unique": "one", "on_duplicate": OnDuplicate.REPLACE}
    holder = app.enqueue("send", **options)
    worker.lease()
    successor = app.enqueue("send", **options)

    explanation = call(successor.explain)

    assert (explanation.reason, explanation.expected_start_ms) == (Reason.SUCCESSOR, None)
    assert holder.id in explanation.sentence


def test_a_task_that_has_expired_says_so_before_and_after_a_worker_looks(app: Scheduler, call: Caller) -> None:
    task = app.enqueue("send", expires=0.001)
    wait_until(lambda: task.explain().reason is Reason.EXPIRING, "its time to be over")
    assert call(task.explain).further == (Reason.NO_WORKER,)

    with RunningWorker(app):
        wait_until(lambda: task.status() is TaskState.EXPIRED, "a worker to look")
    assert call(task.explain).reason is Reason.EXPIRED


def test_a_task_that_its_deadline_stopped_says_which(app: Scheduler, call: Caller) -> None:
    @app.task(name="fail", queue="mail", retry=Retry(backoff=fixed(3600)))
    def fail() -> None:
        raise ValueError("no")

    task = app.enqueue("fail", queue="mail", deadline=60)
    with RunningWorker(app):
        wait_until(lambda: task.status() is TaskState.DEAD, "no other attempt to come")

    explanation = call(task.explain)

    assert explanation.reason is Reason.DEADLINE
    assert explanation.deadline_ms is not None
    assert explanation.since_ms is not None
    assert explanation.since_ms < explanation.deadline_ms < explanation.now_ms + 60_000
    assert "ValueError: no" in explanation.sentence


def test_a_dead_task_says_why_and_what_to_do(app: Scheduler, call: Caller, worker: StandIn) -> None:
    task = app.enqueue("send", id="one")
    (lease,) = worker.lease()
    reason = DeathReason.ATTEMPTS
    worker.bury(lease, encode_failure(Failure(name="send", error="boom", attempt=9, worker="w1", reason=reason)))

    explanation = call(task.explain)

    assert (explanation.reason, explanation.error, explanation.worker) == (Reason.DEAD, "boom", "w1")
    assert "attempts used up; boom" in explanation.sentence
    assert explanation.advice == "let it run again: redisched dead retry one"


@pytest.mark.parametrize("state", [TaskState.SUCCEEDED, TaskState.LOST])
def test_an_ended_task_says_how_and_when(app: Scheduler, call: Caller, worker: StandIn, state: TaskState) -> None:
    task = app.enqueue("send")
    (lease,) = worker.lease()
    worker.finish(lease, None, state)

    explanation = call(task.explain)

    assert (explanation.reason, explanation.since_ms, explanation.worker) == (Reason(state.value), 2, WORKER)


def test_a_cancelled_task_says_so(app: Scheduler, call: Caller) -> None:
    task = app.enqueue("send")
    task.cancel()

    explanation = call(task.explain)

    assert explanation.reason is Reason.CANCELLED
    assert explanation.since_ms is not None


def test_an_unknown_task_is_an_answer_and_no_error(app: Scheduler, call: Caller) -> None:
    for explanation in (call(app.explain, "nosuch"), call(app.explain, "nosuch", "mail")):
        assert (explanation.reason, explanation.state, explanation.id) == (Reason.UNKNOWN, TaskState.UNKNOWN, "nosuch")
        assert explanation.advice == ""


def test_it_is_found_by_its_id_alone_and_nothing_is_changed(app: Scheduler, call: Caller) -> None:
    task = app.enqueue("send", id="one")
    app.grow("mail", 3)
    before = snapshot_of(app.broker)

    found: list[Explanation] = [call(app.explain, "one"), call(app.explain, "one", "mail"), call(task.explain)]

    assert [(one.id, one.queue, one.reason) for one in found] == [("one", "mail", Reason.NO_WORKER)] * 3
    assert snapshot_of(app.broker) == before


def test_an_id_in_several_queues_or_that_is_none_is_refused(app: Scheduler, call: Caller) -> None:
    app.enqueue("send", id="one")
    app.enqueue("send", id="one", queue="post")

    with pytest.raises(InvalidOption, match="mail, post"):
        call(app.explain, "one")
    with pytest.raises(InvalidOption):
        call(app.explain, "")
