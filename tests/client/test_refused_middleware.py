"""What cannot be middleware is refused at registration, in a sentence, and nothing is registered."""

from typing import Any

import pytest

from redisched import Scheduler
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
