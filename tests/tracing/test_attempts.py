"""Each attempt is a span that is connected with the enqueue, and says how the attempt ended."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

from redisched import EnqueueContext, Reject, Retry, RetryLater, Scheduler, Snooze, TaskState, current_task, fixed
from redisched.codec import DIGEST_BYTES, decode_outcome
from redisched.errors import TaskFailed
from redisched.store.broker import Broker
from redisched.store.values import Ack
from redisched.tracing import SpanRelation, trace
from tests.engine.executor_bench import Bench, on_bench
from tests.engine.running import RunningWorker, work_off
from tests.tracing import isolated_app
from tests.tracing.collected import Collected, attributes, context_of, ids_of, linked
from tests.waiting import wait_until


def handler(app: Scheduler, kind: str, provider: TracerProvider, **options: Any) -> None:
    """A handler `charge`, sync or async, that makes a span of its own."""
    tracer = provider.get_tracer("shop")

    def ask(order: int) -> int:
        with tracer.start_as_current_span("ask the bank"):
            return order

    async def ask_async(order: int) -> int:
        await asyncio.sleep(0)
        return ask(order)

    app.task(name="charge", queue="mail", **options)(ask if kind == "sync" else ask_async)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_an_attempt_is_linked_with_the_enqueue(
    app: Scheduler, collected: Collected, provider: TracerProvider, kind: str
) -> None:
    handler(app, kind, provider)
    ref = app.enqueue("charge", 42, priority=3)

    work_off(app)

    sent, processed, inner = (collected.one(name) for name in ("send mail", "process mail", "ask the bank"))
    assert ref.result() == 42
    assert processed.kind is SpanKind.CONSUMER
    assert (processed.parent, linked(processed)) == (None, ids_of(sent))
    assert context_of(processed).trace_id != context_of(sent).trace_id
    assert inner.parent == context_of(processed)
    told = attributes(processed)
    assert told.pop("messaging.client.id")
    assert told == {
        "messaging.system": "redisched",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "mail",
        "messaging.message.id": ref.id,
        "redisched.task.name": "charge",
        "redisched.task.priority": 3,
        "redisched.task.attempt": 1,
        "redisched.task.max_attempts": Retry().attempts,
        "redisched.task.outcome": "succeeded",
    }


@pytest.mark.parametrize("relation", [SpanRelation.PARENT, "parent"])
def test_an_attempt_can_be_a_child_of_the_enqueue(
    broker: Broker, collected: Collected, provider: TracerProvider, relation: SpanRelation
) -> None:
    app = Scheduler(broker=broker)
    trace(app, relation=relation, tracer_provider=provider)
    handler(app, "async", provider)
    app.enqueue("charge", 42)

    work_off(app)

    sent, processed = collected.one("send mail"), collected.one("process mail")
    assert processed.parent is not None
    assert (processed.parent.span_id, linked(processed)) == (context_of(sent).span_id, [])
    assert context_of(processed).trace_id == context_of(sent).trace_id


def test_each_task_of_a_batch_is_linked_with_its_own_context(
    app: Scheduler, collected: Collected, provider: TracerProvider
) -> None:
    handler(app, "async", provider)
    app.enqueue_many([app.request("charge", number) for number in range(3)])

    work_off(app)

    created = {attributes(span)["messaging.message.id"]: span for span in collected.named("create mail")}
    processed = collected.named("process mail")
    assert len(processed) == 3
    for span in processed:
        assert linked(span) == ids_of(created[attributes(span)["messaging.message.id"]])


@pytest.mark.parametrize("traceparent", ["", "junk", "00-00000000000000000000000000000000-0000000000000000-01"])
def test_headers_that_carry_no_context_give_an_attempt_without_a_link(
    app: Scheduler, collected: Collected, provider: TracerProvider, traceparent: str
) -> None:
    handler(app, "async", provider)

    @app.enqueue_middleware
    def spoil(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
        ctx.tasks[0].headers["traceparent"] = traceparent
        return call_next()

    ref = app.enqueue("charge", 1)
    work_off(app)

    assert ref.status() is TaskState.SUCCEEDED
    assert linked(collected.one("process mail")) == []


def test_every_attempt_of_a_retried_task_is_a_span(app: Scheduler, collected: Collected) -> None:
    @app.task(name="charge", queue="mail", retry=Retry(attempts=3, backoff=fixed(0.01)))
    def charge() -> str:
        if current_task().attempt < 3:
            raise ValueError(f"no {current_task().attempt}")
        return "charged"

    ref = charge.enqueue()
    with RunningWorker(app):
        assert ref.result(timeout=20) == "charged"

    spans = collected.named("process mail")
    assert [attributes(span)["redisched.task.attempt"] for span in spans] == [1, 2, 3]
    assert [attributes(span)["redisched.task.outcome"] for span in spans] == ["failed", "failed", "succeeded"]
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR, StatusCode.ERROR, StatusCode.UNSET]
    assert spans[1].status.description == "ValueError: no 2"
    assert attributes(spans[1])["error.type"] == "ValueError"
    assert [linked(span) for span in spans] == [ids_of(collected.one("send mail"))] * 3
    (event,) = spans[1].events
    assert (event.attributes or {})["exception.message"] == "no 2"
    assert "in charge" in str((event.attributes or {})["exception.stacktrace"])


def ended(app: Scheduler, collected: Collected, function: Callable[..., Any], **options: Any) -> ReadableSpan:
    """The span of the first attempt of a task with this handler."""
    app.task(name="charge", queue="mail", **options)(function)
    app.enqueue("charge")
    with RunningWorker(app):
        wait_until(lambda: collected.named("process mail"), "the first attempt to end")
    return collected.named("process mail")[0]


@pytest.mark.parametrize(
    ("raised", "outcome", "status"),
    [
        (RetryLater(3600), "retry later", StatusCode.ERROR),
        (Reject("no"), "rejected", StatusCode.ERROR),
        (Snooze(3600), "snoozed", StatusCode.UNSET),
    ],
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_a_handler_asks_for_is_the_outcome(
    app: Scheduler, collected: Collected, kind: str, raised: BaseException, outcome: str, status: StatusCode
) -> None:
    def ask() -> None:
        raise raised

    async def ask_async() -> None:
        raise raised

    span = ended(app, collected, ask if kind == "sync" else ask_async)

    assert (attributes(span)["redisched.task.outcome"], span.status.status_code) == (outcome, status)
    assert len(span.events) == (status is StatusCode.ERROR)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_timeout_is_the_outcome(app: Scheduler, collected: Collected, kind: str) -> None:
    def wait() -> None:
        while True:
            threading.Event().wait(0.01)

    async def wait_async() -> None:
        await asyncio.Event().wait()

    span = ended(app, collected, wait if kind == "sync" else wait_async, timeout=0.05, retry=Retry(attempts=1))

    assert attributes(span)["redisched.task.outcome"] == "timed out"
    assert attributes(span)["error.type"] == "redisched.interruptions.HandlerTimedOut"
    assert span.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize(("kind", "outcome"), [("sync", "cancelled"), ("async", "interrupted")])
def test_a_cancellation_is_no_error(app: Scheduler, collected: Collected, kind: str, outcome: str) -> None:
    begun = threading.Event()

    def wait() -> None:
        begun.set()
        while True:
            threading.Event().wait(0.01)

    async def wait_async() -> None:
        begun.set()
        await asyncio.Event().wait()

    app.task(name="charge", queue="mail")(wait if kind == "sync" else wait_async)
    ref = app.enqueue("charge")
    with RunningWorker(app):
        assert begun.wait(20)
        ref.cancel()
        wait_until(lambda: collected.named("process mail"), "the handler to stop")

    span = collected.one("process mail")
    assert (attributes(span)["redisched.task.outcome"], span.status.status_code) == (outcome, StatusCode.UNSET)


def test_without_a_provider_handlers_run_as_before(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    trace(app)

    @app.task(name="charge", retry=Retry(attempts=1))
    def charge(order: int) -> int:
        if order < 0:
            raise ValueError("no order")
        return order

    fine, failing = charge.enqueue(5), charge.enqueue(-1)
    work_off(app)

    assert fine.result() == 5
    with pytest.raises(TaskFailed, match="no order"):
        failing.result()


def test_an_isolated_handler_is_traced_in_its_process(tmp_path: Any) -> None:
    path = tmp_path / "spans"
    results: list[object] = []

    async def use(bench: Bench) -> None:
        bench.give("charge", str(path))
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, Ack)
        results.append(decode_outcome(settlement.outcome[DIGEST_BYTES:]).result)

    on_bench(isolated_app.app, use, target=isolated_app.TARGET)

    (name,) = results
    assert str(name).startswith("process ")
    assert wait_until(lambda: path.exists() and path.read_text(), "the span to end") == f"{name} succeeded\n"
