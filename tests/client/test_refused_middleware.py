"""What cannot be middleware is refused at registration, in a sentence, and nothing is registered."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from redisched import EnqueueContext, Scheduler
from redisched.engine.around import handlers_to_call
from redisched.engine.resources.process_resources import ProcessResources
from redisched.errors import InvalidOption


async def some_async(_ctx: Any, _call_next: Any) -> None: ...


def some_sync(_ctx: Any, _call_next: Any) -> None: ...


def yields(_ctx: Any, _call_next: Any) -> Any:
    yield


@pytest.mark.parametrize("register", ["middleware", "enqueue_middleware"])
@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (5, r"a function that takes \(ctx, call_next\)"),
        (int, r"a function that takes \(ctx, call_next\)"),
        (lambda _ctx: None, r"this one takes \(_ctx\): too many positional arguments"),
        (lambda _ctx, _call_next, _more: None, "missing a required argument: '_more'"),
        (yields, "yields nothing"),
    ],
)
def test_what_cannot_be_middleware_is_refused(register: str, function: Any, sentence: str) -> None:
    app = Scheduler()

    with pytest.raises(InvalidOption, match=sentence):
        getattr(app, register)(function)

    assert handlers_to_call(app.registry, ProcessResources()) is app.registry
    assert not app.registry.middleware.around_enqueue


def test_sync_middleware_and_async_handlers_are_refused_whichever_comes_first() -> None:
    async def handler() -> None: ...

    app = Scheduler()
    app.task(name="fetch")(handler)
    with pytest.raises(InvalidOption, match="handler fetch is async and a sync one would block the event loop"):
        app.middleware(some_sync)

    app = Scheduler()
    app.middleware(some_sync)
    with pytest.raises(InvalidOption, match="handler fetch is async and a sync one would block the event loop"):
        app.task(name="fetch")(handler)
    assert list(app.registry) == []


def test_async_middleware_within_sync_middleware_is_refused() -> None:
    app = Scheduler()
    app.middleware(some_sync)

    with pytest.raises(InvalidOption, match="an async function is registered before sync ones such as some_sync"):
        app.middleware(some_async)


@pytest.mark.parametrize(
    ("name", "value"), [("id", "other"), ("name", "other"), ("args", [6]), ("kwargs", {"number": 6})]
)
def test_what_enqueue_middleware_cannot_change_is_refused_where_it_is_changed(
    fake_app: Scheduler, name: str, value: Any
) -> None:
    handler = fake_app.task(name="about")(lambda number: number)

    @fake_app.enqueue_middleware
    def other(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
        setattr(ctx.tasks[0], name, value)
        return call_next()

    said = f"{name} of a task=.*: left as it is; enqueue middleware may change queue, priority, headers"
    for call in (lambda: handler.enqueue(5), lambda: fake_app.enqueue_many([handler.request(5)])):
        with pytest.raises(InvalidOption, match=said):
            call()
    for awaited in (lambda: handler.enqueue_async(5), lambda: fake_app.enqueue_many_async([handler.request(5)])):
        with pytest.raises(InvalidOption, match=said):
            asyncio.run(awaited())
    assert fake_app.count("default") == 0


@pytest.mark.parametrize("how", ["enqueue", "enqueue_async", "enqueue_many", "postponed"])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("kwargs", lambda task: task.kwargs.update(extra=1)),
        ("kwargs", lambda task: task.kwargs.update(extra=object())),
        ("kwargs", lambda task: task.kwargs["rows"].append(1)),
        ("args", lambda task: task.args[0].append(1)),
        ("args", lambda task: task.args[0][0].clear()),
    ],
    ids=["one more", "what cannot travel", "within a list by name", "a list", "deep within"],
)
def test_arguments_that_middleware_changes_in_place_are_refused(
    fake_app: Scheduler, how: str, name: str, change: Callable[[Any], None]
) -> None:
    handler = fake_app.task(name="about")(lambda given, **_more: None)

    @fake_app.enqueue_middleware
    def changes(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
        change(ctx.tasks[0])
        if how == "postponed":
            return ctx.postpone(lambda _call: None, call_next)
        return call_next()

    def call() -> Any:
        request = handler.request([{"a": 1}], rows=[], password="hunter2")
        match how:
            case "enqueue_async":
                return asyncio.run(handler.enqueue_async([{"a": 1}], rows=[], password="hunter2"))
            case "enqueue_many":
                return fake_app.enqueue_many([request])
        return handler.enqueue([{"a": 1}], rows=[], password="hunter2")

    said = rf"^{name} of a task=.*left as it is; enqueue middleware may change queue"
    with pytest.raises(InvalidOption, match=said) as refused:
        call()
    assert "hunter2" not in str(refused.value)
    assert fake_app.count("default") == 0


def test_arguments_that_middleware_only_reads_travel(fake_app: Scheduler) -> None:
    handler = fake_app.task(name="about")(lambda *_given, **_named: None)

    @fake_app.enqueue_middleware
    def reads(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
        assert repr(ctx.tasks[0].kwargs)
        return call_next()

    assert handler.enqueue(float("nan"), {3, 1}, (1, [2]), named={"b": float("nan"), "a": -0.0}).is_new
    assert handler.enqueue().is_new
