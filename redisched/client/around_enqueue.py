"""Calls the enqueue middleware of an application around the sending of tasks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, TypeAlias

from redisched.callables import is_coroutine_function, label_of
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.codec import DIGEST_BYTES, decode_task, encode_task
from redisched.errors import InvalidOption, NotEnqueued
from redisched.option_checks import check_headers, check_priority, check_queue
from redisched.packing import pack
from redisched.redaction import SECRETS

Refs: TypeAlias = list[TaskRef[Any]]
_CHANGEABLE = ("queue", "priority", "headers")
_UNCHANGED = f"left as it is; enqueue middleware may change {', '.join(_CHANGEABLE)}"


@dataclass(slots=True, kw_only=True)
class OutgoingTask:
    """A task that is about to be enqueued. Middleware may change `queue`, `priority` and `headers`, which the handler
    finds in its context; they are texts by names.
    """

    id: str
    name: str
    args: Sequence[Any] = field(repr=False)
    kwargs: Mapping[str, Any] = field(repr=False)
    queue: str
    priority: int
    headers: dict[str, str] = field(default_factory=dict)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _CHANGEABLE and hasattr(self, name):
            # The digest of the task and its unique key are made from these.
            raise InvalidOption(f"{name} of a task", SECRETS.value(value), _UNCHANGED)
        object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueContext:
    """One call that enqueues: one task, or with `enqueue_many` any number."""

    tasks: tuple[OutgoingTask, ...]
    """The tasks, which middleware may change."""
    is_async: bool = False
    """Whether the call is awaited."""
    _postponements: list[Callable[..., Any]] = field(default_factory=list, repr=False, compare=False)

    @property
    def is_postponed(self) -> bool:
        """Whether the tasks are to be sent after the call has returned."""
        return bool(self._postponements)

    def postpone(self, register: Callable[[Callable[[], Any]], object], call_next: Callable[[], Any]) -> None:
        """Have `register` called with `call_next`, which it shall call later: the `on_commit` of a database. The caller
        gets its references at once. The tasks are there only once it was called, and never if it is not.

        Raises InvalidOption in an async call, where nothing could be awaited later.
        """
        if self.is_async:
            allowed = "left out of an async call; enqueue without await, or await enqueue_async after the commit"
            raise InvalidOption("postpone", register, allowed)
        self._postponements.append(register)
        register(call_next)


def send(
    around: Sequence[Callable[..., Any]],
    requests: Sequence[TaskRequest],
    limit: int,
    send_all: Callable[[list[TaskRequest]], Refs],
    refer: Callable[[list[TaskRequest]], Refs],
) -> Refs:
    """Send requests with the middleware around it. If that is postponed, answers what `refer` makes of them.

    Raises what middleware raises, InvalidOption and NotEnqueued.
    """
    for function in around:
        if is_coroutine_function(function):
            allowed = "a sync function, as this call is not async; await enqueue_async instead, or register a sync one"
            raise InvalidOption("enqueue_middleware", function, allowed)
    context = _context_of(requests, limit, is_async=False)
    sent: list[Refs] = []

    def innermost() -> Refs:
        sent.append(send_all(_changed(requests, context, limit)))
        return sent[-1]

    _chain(around, context, innermost)()
    if not sent and context.is_postponed:
        return refer(_changed(requests, context, limit))
    if not sent:
        raise NotEnqueued([label_of(function) for function in around])
    return sent[-1]


async def send_async(
    around: Sequence[Callable[..., Any]],
    requests: Sequence[TaskRequest],
    limit: int,
    send_all: Callable[[list[TaskRequest]], Awaitable[Refs]],
) -> Refs:
    """As `send`. What `call_next` answers is awaited after a sync function has returned."""
    context = _context_of(requests, limit, is_async=True)
    sendings: list[Awaitable[Refs]] = []
    sent: list[Refs] = []

    async def innermost() -> Refs:
        sent.append(await send_all(_changed(requests, context, limit)))
        return sent[-1]

    def begin() -> Awaitable[Refs]:
        sendings.append(innermost())
        return sendings[-1]

    answered = _chain(around, context, begin)()
    if isawaitable(answered):
        await answered
    if sendings and not sent:
        # A sync function has not returned what call_next answered.
        await sendings[-1]
    if not sent:
        raise NotEnqueued([label_of(function) for function in around])
    return sent[-1]


def _chain(
    around: Sequence[Callable[..., Any]], context: EnqueueContext, innermost: Callable[[], Any]
) -> Callable[[], Any]:
    call_next = innermost
    for middleware in reversed(around):
        call_next = _link(middleware, context, call_next)
    return call_next


def _link(middleware: Callable[..., Any], context: EnqueueContext, call_next: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: middleware(context, call_next)


def _context_of(requests: Sequence[TaskRequest], limit: int, *, is_async: bool) -> EnqueueContext:
    return EnqueueContext(tasks=tuple(_outgoing(request, limit) for request in requests), is_async=is_async)


def _outgoing(request: TaskRequest, limit: int) -> OutgoingTask:
    body = decode_task(request.task.record, limit)
    return OutgoingTask(
        id=request.id,
        name=body.name,
        args=body.args,
        kwargs=body.kwargs,
        queue=request.queue,
        priority=request.task.priority,
        headers=dict(body.headers or {}),
    )


def _changed(requests: Sequence[TaskRequest], context: EnqueueContext, limit: int) -> list[TaskRequest]:
    """The requests with what middleware has changed. Their digests stay: they cover what the caller asked for."""
    return [_as_changed(*pair, limit) for pair in zip(requests, context.tasks, strict=True)]


def _as_changed(request: TaskRequest, outgoing: OutgoingTask, limit: int) -> TaskRequest:
    _refuse_changed_arguments(request, outgoing, limit)
    priority = int(check_priority("priority", outgoing.priority))
    task = request.task._replace(priority=priority)
    moved = request._replace(queue=check_queue("queue", outgoing.queue), task=task)
    return with_headers(moved, check_headers("headers", outgoing.headers), limit)


def _refuse_changed_arguments(request: TaskRequest, outgoing: OutgoingTask, limit: int) -> None:
    """Raises InvalidOption if arguments were changed in place, such as a list among them."""
    body = decode_task(request.task.record, limit)
    for name, before, after in (("args", body.args, outgoing.args), ("kwargs", body.kwargs, outgoing.kwargs)):
        # As bytes, because a NaN is not equal to itself. Most tasks have no arguments of one of the two kinds.
        if (before or after) and _packed(after) != pack(before):
            raise InvalidOption(f"{name} of a task", SECRETS.value(after), _UNCHANGED)


def _packed(arguments: object) -> bytes:
    """The arguments as bytes, none at all for what cannot travel, and so is not what came with the task."""
    try:
        return pack(arguments)
    except (TypeError, ValueError, OverflowError):
        return b""


def with_headers(request: TaskRequest, headers: Mapping[str, str], limit: int) -> TaskRequest:
    """The same request with these headers. Its digest stays. Raises PayloadTooLarge beyond `limit` bytes."""
    record = request.task.record
    body = decode_task(record, limit)
    if headers == (body.headers or {}):
        return request
    record = record[:DIGEST_BYTES] + encode_task(body._replace(headers=dict(headers) or None), limit)
    return request._replace(task=request.task._replace(record=record))
