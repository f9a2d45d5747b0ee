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
