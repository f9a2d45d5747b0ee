"""Enqueue middleware runs around every call that enqueues: it adds headers, changes tasks, or refuses them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from redisched import EnqueueContext, Scheduler, TaskContext, TaskRef, current_task
from redisched.cli.task_text import task_facts
from redisched.errors import Conflict, InvalidOption, NotEnqueued, PayloadTooLarge
from redisched.records.task import task_record
from redisched.store.broker import Broker
from tests.engine.running import counts, look, work_off

Next = Callable[[], Any]


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    return Scheduler(broker=broker)


def enqueue(app: Scheduler, way: str, **options: Any) -> TaskRef[Any]:
    """Enqueue a task of the handler `about` in one of the ways there are."""
    about = app.handler("about")
    match way:
        case "enqueue":
            return about.options(**options).enqueue(5)
        case "enqueue_async":
            return asyncio.run(_and_close(app, about.options(**options).enqueue_async(5)))
        case "by_name":
            return app.enqueue("about", 5, **options)
        case "by_name_async":
            return asyncio.run(_and_close(app, app.enqueue_async("about", 5, **options)))
        case "many":
            return app.enqueue_many([about.options(**options).request(5)])[0]
    many = app.enqueue_many_async([about.options(**options).request(5)])
    refs: list[TaskRef[Any]] = asyncio.run(_and_close(app, many))
    return refs[0]


async def _and_close(app: Scheduler, enqueueing: Any) -> Any:
    try:
        return await enqueueing
    finally:
        await app.close_async()


SYNC, ASYNC = ("enqueue", "by_name", "many"), ("enqueue_async", "by_name_async", "many_async")


def add_handler(app: Scheduler) -> None:
    @app.task(name="about")
    def about(_number: int) -> Any:
        context = current_task()
        return [dict(context.headers), context.queue, context.priority]


@pytest.mark.differs_by_server
@pytest.mark.parametrize("way", SYNC + ASYNC)
def test_sync_middleware_adds_headers_and_changes_a_task_enqueued_in_any_way(app: Scheduler, way: str) -> None:
    add_handler(app)
    seen = []

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        for task in ctx.tasks:
            seen.append((task.id, task.name, task.args, task.kwargs, task.queue, task.priority))
            task.headers["tenant"] = "a"
            task.queue, task.priority = "mail", 2
        return call_next()

    ref = enqueue(app, way)
    work_off(app, queues=("mail",))

    assert ref.queue == "mail"
    assert ref.result(5) == [{"tenant": "a"}, "mail", 2]
    assert seen == [(ref.id, "about", [5], {}, "default", 5)]


@pytest.mark.parametrize("way", ASYNC)
def test_async_middleware_runs_around_async_calls(app: Scheduler, way: str) -> None:
    add_handler(app)
    said = []

    @app.enqueue_middleware
    def outer(ctx: EnqueueContext, call_next: Next) -> Any:
        said.append("outer")
        return call_next()

    @app.enqueue_middleware
    async def inner(ctx: EnqueueContext, call_next: Next) -> Any:
        await asyncio.sleep(0)
        refs = await call_next()
        said.append(refs[0].id)
        return refs

    assert said == []
    ref = enqueue(app, way)
    assert said == ["outer", ref.id]
    assert counts(app.broker).ready == 1


@pytest.mark.parametrize("way", SYNC)
def test_async_middleware_is_refused_around_a_sync_call(app: Scheduler, way: str) -> None:
    add_handler(app)

    @app.enqueue_middleware
    async def middleware(_ctx: EnqueueContext, call_next: Next) -> Any:
        return await call_next()

    with pytest.raises(InvalidOption, match="as this call is not async; await enqueue_async instead"):
        enqueue(app, way)
    assert counts(app.broker).ready == 0


@pytest.mark.parametrize("way", SYNC + ASYNC)
def test_middleware_refuses_by_raising(app: Scheduler, way: str) -> None:
    add_handler(app)

    @app.enqueue_middleware
    def middleware(_ctx: EnqueueContext, _call_next: Next) -> Any:
        raise PermissionError("not for this tenant")

    with pytest.raises(PermissionError, match="not for this tenant"):
        enqueue(app, way)
    assert counts(app.broker).ready == 0


@pytest.mark.parametrize("way", SYNC + ASYNC)
def test_middleware_that_forgets_call_next_is_named(app: Scheduler, way: str) -> None:
    add_handler(app)

    @app.enqueue_middleware
    def forgetful(_ctx: EnqueueContext, _call_next: Next) -> None: ...

    with pytest.raises(NotEnqueued, match=r"forgetful.* returned without calling call_next"):
        enqueue(app, way)
    assert counts(app.broker).ready == 0


@pytest.mark.parametrize("way", SYNC + ASYNC)
def test_middleware_that_returns_nothing_has_its_task_sent(app: Scheduler, way: str) -> None:
    add_handler(app)

    @app.enqueue_middleware
    def middleware(_ctx: EnqueueContext, call_next: Next) -> None:
        call_next()

    assert enqueue(app, way).is_new
    assert counts(app.broker).ready == 1


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"a": 1}, "a dictionary of texts by texts"),
        ({1: "a"}, "texts by texts"),
        ({"a": "\ud800"}, "UTF-8"),
        (None, "texts by texts"),
    ],
)
def test_wrong_headers_are_refused_with_nothing_written(app: Scheduler, headers: Any, sentence: str) -> None:
    add_handler(app)

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        ctx.tasks[0].headers = headers
        return call_next()

    with pytest.raises(InvalidOption, match=sentence):
        enqueue(app, "enqueue")
    assert counts(app.broker).ready == 0


@pytest.mark.parametrize(("option", "value"), [("queue", "a b"), ("priority", 256)])
def test_wrong_options_are_refused_with_nothing_written(app: Scheduler, option: str, value: Any) -> None:
    add_handler(app)

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        setattr(ctx.tasks[0], option, value)
        return call_next()

    with pytest.raises(InvalidOption, match=option):
        enqueue(app, "enqueue")
    assert counts(app.broker).ready == 0


def test_headers_count_for_the_size_of_a_task(app: Scheduler) -> None:
    add_handler(app)

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        ctx.tasks[0].headers["long"] = "x" * app.settings.payload_limit
        return call_next()

    with pytest.raises(PayloadTooLarge):
        enqueue(app, "enqueue")
    assert counts(app.broker).ready == 0


def test_a_repeated_enqueue_with_other_headers_is_the_same_task(app: Scheduler) -> None:
    add_handler(app)
    plain = app.task(name="other")(lambda _number: None)
    first = enqueue(app, "enqueue", id="one")

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        for task in ctx.tasks:
            task.headers["trace"], task.priority = task.id, 0
        return call_next()

    assert not enqueue(app, "enqueue", id="one").is_new
    with pytest.raises(Conflict):
        plain.options(id="one").enqueue(5)
    work_off(app)
    assert first.result(5) == [{}, "default", 5]


def test_headers_are_shown(app: Scheduler) -> None:
    add_handler(app)
    plain = enqueue(app, "enqueue")

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        ctx.tasks[0].headers |= {"tenant": "a", "trace": "b\n"}
        return call_next()

    view = look(app.broker, enqueue(app, "enqueue").id)
    assert task_record(view)["headers"] == {"tenant": "a", "trace": "b\n"}
    assert dict(task_facts(view, 1))["headers"] == 'tenant="a", trace="b\\n"'
    assert dict(task_facts(look(app.broker, plain.id), 1))["headers"] is None


def test_headers_stay_with_a_task_that_is_kept_and_replayed(app: Scheduler) -> None:
    @app.task(max_attempts=1, name="once")
    def once(fails: bool) -> dict[str, str]:
        if fails:
            raise ValueError
        return dict(current_task().headers)

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        ctx.tasks[0].headers["tenant"] = "a"
        return call_next()

    ref = once.enqueue(True)
    work_off(app)
    ref.replay_with(False)
    work_off(app)

    assert ref.result(5) == {"tenant": "a"}


def test_a_task_in_shards_is_found_though_middleware_moved_it(app: Scheduler) -> None:
    add_handler(app)
    app.grow("mail", 3)

    @app.enqueue_middleware
    def middleware(ctx: EnqueueContext, call_next: Next) -> Any:
        for task in ctx.tasks:
            task.queue = "mail"
        return call_next()

    refs = app.enqueue_many([app.handler("about").request(number) for number in range(20)])
    work_off(app, queues=("mail",))

    assert [ref.result(5)[1] for ref in refs] == ["mail"] * 20
    assert app.enqueue_many([]) == []


def test_around_a_handler_headers_are_read(app: Scheduler) -> None:
    add_handler(app)

    @app.enqueue_middleware
    def send(ctx: EnqueueContext, call_next: Next) -> Any:
        ctx.tasks[0].headers["tenant"] = "a"
        return call_next()

    @app.middleware
    async def receive(ctx: TaskContext, call_next: Next) -> Any:
        await call_next()
        return ctx.headers["tenant"]

    ref = enqueue(app, "enqueue")
    work_off(app)
    assert ref.result(5) == "a"
