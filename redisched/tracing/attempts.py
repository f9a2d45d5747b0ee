"""Middleware around handlers that makes a span of each attempt."""

from collections.abc import Callable
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Tracer,
    get_current_span,
    use_span,
)
from opentelemetry.util.types import AttributeValue

from redisched.context import TaskContext
from redisched.errors import HandlerTimedOut
from redisched.tracing import names
from redisched.tracing.carrying import read_context
from redisched.tracing.failing import note_failure
from redisched.tracing.outcomes import ERRORS, AttemptOutcome, outcome_of
from redisched.tracing.relation import SpanRelation


class AttemptTracer:
    """Called around each handler. It is async, so it fits every handler."""

    def __init__(self, tracer: Tracer, relation: SpanRelation) -> None:
        self._tracer = tracer
        self._relation = relation

    async def __call__(self, ctx: TaskContext, call_next: Callable[[], Any]) -> Any:
        """Call the handler within a span, which ends with the attempt."""
        span = self._begin(ctx)
        # What is raised is noted here: not every exception that leaves a handler is an error.
        with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                result = await call_next()
            except BaseException as error:
                _note(span, error, ctx)
                raise
            span.set_attribute(names.OUTCOME, AttemptOutcome.SUCCEEDED.value)
            return result

    def _begin(self, ctx: TaskContext) -> Span:
        sender = read_context(ctx.headers)
        is_child = self._relation is SpanRelation.PARENT
        sent = get_current_span(sender).get_span_context()
        return self._tracer.start_span(
            names.span_name(names.PROCESS, ctx.queue),
            # Without a parent it begins a trace of its own, whatever trace the worker was started in.
            context=sender if is_child else Context(),
            kind=SpanKind.CONSUMER,
            links=[Link(sent)] if sent.is_valid and not is_child else [],
            attributes=_attributes_of(ctx),
        )


def _attributes_of(ctx: TaskContext) -> dict[str, AttributeValue]:
    return {
        names.SYSTEM: names.SCOPE,
        names.OPERATION_NAME: names.PROCESS,
        names.OPERATION_TYPE: names.PROCESS,
        names.QUEUE: ctx.queue,
        names.TASK_ID: ctx.id,
        names.WORKER: ctx.worker,
        names.HANDLER: ctx.name,
        names.PRIORITY: ctx.priority,
        names.ATTEMPT: ctx.attempt,
        names.MAX_ATTEMPTS: ctx.max_attempts,
    }


def _note(span: Span, error: BaseException, ctx: TaskContext) -> None:
    outcome = outcome_of(error, ctx)
    span.set_attribute(names.OUTCOME, outcome.value)
    if outcome in ERRORS:
        note_failure(span, error, HandlerTimedOut if outcome is AttemptOutcome.TIMED_OUT else None)
