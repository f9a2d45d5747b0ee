"""Middleware around enqueues that makes a span of each call, and puts its context into the tasks."""

from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from inspect import isawaitable
from typing import Any

from opentelemetry.trace import Link, Span, SpanKind, Tracer, use_span
from opentelemetry.util.types import AttributeValue

from redisched.client.around_enqueue import EnqueueContext, OutgoingTask
from redisched.tracing import names
from redisched.tracing.carrying import write_context
from redisched.tracing.failing import note_failure


class EnqueueTracer:
    """Called around each call that enqueues. It is not async, so it fits every call."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def __call__(self, ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
        """Send the tasks within a span, which ends when Redis has answered, or with the error."""
        if not ctx.tasks:
            return call_next()
        span = self._of_one(ctx.tasks[0]) if len(ctx.tasks) == 1 else self._of_many(ctx.tasks)
        with _within(span):
            answer = call_next()
        if isawaitable(answer):
            # Nothing is sent yet: an async call awaits what middleware answers.
            return _TracedSending(span, answer)
        span.end()
        return answer

    def _of_one(self, task: OutgoingTask) -> Span:
        name = names.span_name(names.SEND, task.queue)
        attributes = {**_operation(names.SEND, task.queue), **_of_task(task)}
        span = self._tracer.start_span(name, kind=SpanKind.PRODUCER, attributes=attributes)
        write_context(span, task.headers)
        return span

    def _of_many(self, tasks: tuple[OutgoingTask, ...]) -> Span:
        """The span of the call, which has a link to the span of each task: each task has a context of its own."""
        created = [self._create(task) for task in tasks]
        queues = {task.queue for task in tasks}
        queue = queues.pop() if len(queues) == 1 else ""
        return self._tracer.start_span(
            names.span_name(names.SEND, queue),
            kind=SpanKind.CLIENT,
            attributes={**_operation(names.SEND, queue), names.TASKS: len(tasks)},
            links=[Link(span.get_span_context()) for span in created],
        )

    def _create(self, task: OutgoingTask) -> Span:
        name = names.span_name(names.CREATE, task.queue)
        attributes = {**_operation(names.CREATE, task.queue), **_of_task(task)}
        span = self._tracer.start_span(name, kind=SpanKind.PRODUCER, attributes=attributes)
        write_context(span, task.headers)
        span.end()
        return span


class _TracedSending:
    """What an async call awaits: the sending of its tasks, within their span.

    No coroutine, which Python would complain about if middleware further out did not return it.
    """

    def __init__(self, span: Span, sending: Awaitable[Any]) -> None:
        self._span = span
        self._sending = sending

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._send().__await__()

    async def _send(self) -> Any:
        with _within(self._span):
            answer = await self._sending
        self._span.end()
        return answer


@contextmanager
def _within(span: Span) -> Iterator[None]:
    """Make a span the current one. An error is noted in it and ends it."""
    with use_span(span, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except BaseException as error:
            if isinstance(error, Exception):
                note_failure(span, error)
            span.end()
            raise


def _operation(operation: str, queue: str) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue] = {
        names.SYSTEM: names.SCOPE,
        names.OPERATION_NAME: operation,
        names.OPERATION_TYPE: operation,
    }
    return {**told, names.QUEUE: queue} if queue else told


def _of_task(task: OutgoingTask) -> dict[str, AttributeValue]:
    return {names.TASK_ID: task.id, names.HANDLER: task.name, names.PRIORITY: task.priority}
