"""Enqueueing: a worker gets exactly the task that the producer described."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from redisched.client.scheduler import Scheduler
from redisched.errors import Conflict, InvalidOption
from redisched.model import LARGEST_RUN_AT_MS, Priority, TaskBody, TaskState, band_of
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.view import TaskView
from tests.client.callers import Caller
from tests.client.stand_in import StandIn


def look(app: Scheduler, id: str, queue: str = "default") -> TaskView:
    """The task as an observer sees it."""
    view = run(Inspector(app.broker.script_runner, queue).task(id), app.broker.client())
    assert view is not None
    return view


def test_a_worker_gets_the_name_and_the_arguments(app: Scheduler, call: Caller) -> None:
    @app.task(name="receipts.send", queue="mail")
    def send(order_id: int, *, copy_to: str | None = None) -> None: ...

    ref = call(send.enqueue, 42, copy_to="a@example.org")

    assert ref.queue == "mail"
    assert StandIn(app, "mail").bodies() == [TaskBody("receipts.send", [42], {"copy_to": "a@example.org"})]


def test_a_task_without_options_is_ready_at_once_with_the_handlers_priority(app: Scheduler, call: Caller) -> None:
    @app.task(priority=Priority.HIGH)
    def send() -> None: ...

    ref = call(send.enqueue)

    lease = StandIn(app, "default").lease()[0]
    assert [lease.id, band_of(lease.score)] == [ref.id, 3]


def test_options_of_a_call_win_over_the_handlers(app: Scheduler, call: Caller) -> None:
    @app.task(queue="mail", priority=3, max_attempts=8, timeout=30, retention=5)
    def send(order_id: int) -> None: ...

    options = send.options(
        queue="bulk", priority=9, delay=60, id="order-42", max_attempts=2, timeout=timedelta(minutes=1), retention=0
    )
    ref = call(options.enqueue, 42)

    view = look(app, "order-42", "bulk")
    assert (ref.id, ref.queue) == ("order-42", "bulk")
    assert view.body == TaskBody(send.name, [42], {}, max_attempts=2, timeout_ms=60_000, retention_ms=0)
    assert (view.priority, view.state) == (9, TaskState.SCHEDULED)


def test_limits_of_the_handler_are_not_stored_in_the_task(app: Scheduler) -> None:
    @app.task(max_attempts=8, timeout=30, retention=5)
    def send() -> None: ...

    assert look(app, send.enqueue().id).body == TaskBody(send.name, [], {})


def test_a_delay_counts_from_the_servers_time(app: Scheduler) -> None:
    view = look(app, app.enqueue("send", delay=timedelta(hours=1)).id)

    assert view.run_at_ms is not None
    assert 0 <= view.now_ms + 3_600_000 - view.run_at_ms < 60_000


@pytest.mark.parametrize("run_at", [datetime(2100, 1, 1, tzinfo=UTC), 4_102_444_800, 4_102_444_800.0])
def test_run_at_is_kept_to_the_millisecond(app: Scheduler, run_at: datetime | float) -> None:
    ref = app.enqueue("send", run_at=run_at)

    assert look(app, ref.id).run_at_ms == 4_102_444_800_000


def test_the_latest_possible_run_at_is_accepted(app: Scheduler) -> None:
    ref = app.enqueue("send", run_at=LARGEST_RUN_AT_MS / 1000, priority=255)

    view = look(app, ref.id)
    assert (view.run_at_ms, view.priority) == (LARGEST_RUN_AT_MS, 255)


@pytest.mark.parametrize(
    "value",
    [
        None, True, -(2**63), 2**64 - 1, 1.5, "text \N{SNOWMAN}", b"\x00\xff", [1, [2]], {"a": {"b": None}},
        datetime(2026, 5, 17, 12, 30, 15, 123_000, tzinfo=UTC), date(2026, 5, 17), Decimal("19.90"),
        UUID(int=7), {1, 2}, frozenset({"a"}),
    ],
    ids=repr,
)  # fmt: skip
def test_arguments_arrive_unchanged(fake_app: Scheduler, value: Any) -> None:
    fake_app.enqueue("send", value, kwargs={"named": value})

    body = StandIn(fake_app, "default").bodies()[0]
    assert (body.args, body.kwargs) == ([value], {"named": value})


def test_enqueueing_by_name_needs_no_handler(app: Scheduler, call: Caller) -> None:
    ref = call(app.enqueue, "billing.charge", 42, queue="billing", kwargs={"currency": "EUR"}, priority=0)

    view = look(app, ref.id, "billing")
    assert view.body == TaskBody("billing.charge", [42], {"currency": "EUR"})
    assert view.priority == 0


def test_enqueueing_by_name_uses_the_defaults_of_a_registered_handler(app: Scheduler) -> None:
    @app.task(name="charge", queue="billing", priority=1)
    def charge(amount: int) -> None: ...

    ref = app.enqueue("charge", 42)

    assert (ref.queue, look(app, ref.id, "billing").priority) == ("billing", 1)


def test_tasks_of_one_producer_run_in_the_order_they_were_enqueued(app: Scheduler) -> None:
    @app.task
    def send(number: int) -> None: ...

    for number in range(20):
        send.enqueue(number)

    assert [body.args[0] for body in StandIn(app, "default").bodies()] == list(range(20))


def test_s11_the_same_task_under_the_same_id_is_one_task(app: Scheduler, call: Caller) -> None:
    first = call(app.enqueue, "send", 1, id="a")
    second = call(app.enqueue, "send", 1, id="a")

    assert first == second
    assert len(StandIn(app, "default").lease()) == 1


@pytest.mark.parametrize(("argument", "options"), [(2, {}), (1, {"priority": 4}), (1, {"delay": 60})])
def test_s11_another_task_under_the_same_id_is_a_conflict(
    app: Scheduler, call: Caller, argument: int, options: dict[str, Any]
) -> None:
    app.enqueue("send", 1, id="a")

    with pytest.raises(Conflict) as conflict:
        call(app.enqueue, "send", argument, id="a", **options)

    assert (conflict.value.task_id, conflict.value.queue) == ("a", "default")
    assert StandIn(app, "default").bodies() == [TaskBody("send", [1], {})]


def test_a_delay_that_is_too_long_by_the_servers_clock_is_refused(app: Scheduler, call: Caller) -> None:
    with pytest.raises(InvalidOption, match="2109") as refusal:
        call(app.enqueue, "send", delay=LARGEST_RUN_AT_MS / 1000)

    assert refusal.value.argument == "delay"
    assert StandIn(app, "default").lease() == []


def test_calling_a_handler_runs_it_here(app: Scheduler) -> None:
    @app.task
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    @app.task
    async def double_later(number: int) -> int:
        return 2 * number

    coroutine = double_later(21)
    with pytest.raises(StopIteration) as end:
        coroutine.send(None)

    assert double(21) == end.value.value == 42
    assert double.__doc__ == "Twice as much."
