"""Each call that enqueues is a span, and each of its tasks carries a context of W3C Trace Context."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode, TraceFlags

from redisched import EnqueueContext, Scheduler
from redisched.client.reference import TaskRef
from redisched.errors import NotEnqueued, WrongKeyType
from redisched.store.broker import Broker
from redisched.tracing import trace
from tests.client.callers import Caller, Manner
from tests.engine.running import look
from tests.tracing.collected import Collected, attributes, context_of, ids_of, linked


@pytest.fixture(params=list(Manner))
def call(request: pytest.FixtureRequest, app: Scheduler) -> Caller:
    """Calls methods of `app`'s in each manner in turn."""
    return Caller(app, request.param)


def headers_of(broker: Broker, ref: TaskRef[Any]) -> dict[str, str]:
    body = look(broker, ref.id, ref.queue).body
    assert body is not None
    return body.headers or {}


def test_one_task_is_one_span_whose_context_it_carries(
    app: Scheduler, call: Caller, broker: Broker, collected: Collected, provider: TracerProvider
) -> None:
    with provider.get_tracer("web").start_as_current_span("request"):
        ref = call(app.enqueue, "charge", 42, queue="mail", priority=3)

    sent = collected.one("send mail")
    context = context_of(sent)
    assert sent.kind is SpanKind.PRODUCER
    assert attributes(sent) == {
        "messaging.system": "redisched",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "mail",
        "messaging.message.id": ref.id,
        "redisched.task.name": "charge",
        "redisched.task.priority": 3,
    }
    assert sent.parent == context_of(collected.one("request"))
    flags = f"{int(context.trace_flags):02x}"
    assert headers_of(broker, ref) == {"traceparent": f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags}"}
    assert context.trace_flags.sampled
    assert collected.names() == ["send mail", "request"]


def test_many_tasks_are_one_span_with_a_link_to_the_context_of_each(
    app: Scheduler, call: Caller, broker: Broker, collected: Collected
) -> None:
    refs = call(app.enqueue_many, [app.request("charge", number, queue="mail") for number in range(3)])

    sent, created = collected.one("send mail"), collected.named("create mail")
    assert (sent.kind, {span.kind for span in created}) == (SpanKind.CLIENT, {SpanKind.PRODUCER})
    assert linked(sent) == ids_of(*created)
    assert attributes(sent) == {
        "messaging.system": "redisched",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "mail",
        "messaging.batch.message_count": 3,
    }
    assert [attributes(span)["messaging.message.id"] for span in created] == [ref.id for ref in refs]
    carried = [headers_of(broker, ref)["traceparent"].split("-")[2] for ref in refs]
    assert carried == [f"{span_id:016x}" for span_id in ids_of(*created)]


def test_the_span_of_tasks_of_several_queues_names_none(app: Scheduler, collected: Collected) -> None:
    app.enqueue_many([app.request("charge", queue="mail"), app.request("charge", queue="post")])

    assert collected.names() == ["create mail", "create post", "send"]
    assert "messaging.destination.name" not in attributes(collected.one("send"))


def test_no_tasks_are_no_span(app: Scheduler, call: Caller, collected: Collected) -> None:
    call(app.enqueue_many, [])

    assert collected.names() == []


def test_the_state_of_the_trace_is_carried(app: Scheduler, broker: Broker, provider: TracerProvider) -> None:
    app.enqueue_middleware(note_state)
    ref = app.enqueue("charge")

    assert headers_of(broker, ref)["tracestate"] == "shop=1"


def note_state(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
    """As a sampler of another vendor would."""
    ctx.tasks[0].headers["tracestate"] = "shop=1"
    return call_next()


def test_an_error_is_in_the_span(app: Scheduler, call: Caller, collected: Collected) -> None:
    @app.enqueue_middleware
    def refuse(_ctx: EnqueueContext, _call_next: Callable[[], Any]) -> Any:
        raise ValueError("no order")

    with pytest.raises(ValueError, match="no order"):
        call(app.enqueue, "charge", queue="mail")

    sent = collected.one("send mail")
    assert (sent.status.status_code, sent.status.description) == (StatusCode.ERROR, "ValueError: no order")
    assert attributes(sent)["error.type"] == "ValueError"
    assert [event.name for event in sent.events] == ["exception"]


def test_an_error_of_the_sending_is_in_the_span(app: Scheduler, call: Caller, collected: Collected) -> None:
    app.broker.client().perform(("SET", "redisched:{mail}:waiting", "no sorted set"))

    with pytest.raises(WrongKeyType):
        call(app.enqueue, "charge", queue="mail")

    assert collected.one("send mail").status.status_code is StatusCode.ERROR


def test_what_an_outer_middleware_does_not_return_is_sent_all_the_same(
    broker: Broker, collected: Collected, provider: TracerProvider
) -> None:
    app = Scheduler(broker=broker)

    @app.enqueue_middleware
    def forgetful(_ctx: EnqueueContext, call_next: Callable[[], Any]) -> None:
        call_next()

    trace(app, tracer_provider=provider)
    ref = Caller(app, Manner.ASYNC)(app.enqueue, "charge")

    assert "traceparent" in headers_of(broker, ref)


def test_an_inner_middleware_that_sends_nothing_is_reported_as_before(
    app: Scheduler, call: Caller, collected: Collected
) -> None:
    @app.enqueue_middleware
    def keep(_ctx: EnqueueContext, _call_next: Callable[[], Any]) -> None:
        return None

    with pytest.raises(NotEnqueued):
        call(app.enqueue, "charge", queue="mail")
    assert collected.names() == ["send mail"]


def test_without_a_provider_nothing_is_recorded_nor_carried(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    trace(app)

    ref, *others = [app.enqueue("charge"), *app.enqueue_many([app.request("charge"), app.request("charge")])]

    assert [headers_of(broker, one) for one in (ref, *others)] == [{}, {}, {}]


def test_a_trace_that_is_not_sampled_is_carried_as_such(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    trace(app, tracer_provider=TracerProvider(sampler=ALWAYS_OFF))

    flags = int(headers_of(broker, app.enqueue("charge"))["traceparent"].split("-")[3], 16)
    assert not flags & TraceFlags.SAMPLED
