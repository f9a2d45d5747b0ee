"""Web applications: the Scheduler comes with the request, its connections end with the application, and a Redis that is
away is a 503 within the time of one call.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from redisched import Scheduler
from redisched.config import Settings
from redisched.errors import QueueFull
from redisched.starlette import UNAVAILABLE, lifespan_of, scheduler
from redisched.store.broker import Broker

NOBODY = "redis://127.0.0.1:1/0"


def fastapi_app(tasks: Scheduler) -> Any:
    app = FastAPI(lifespan=lifespan_of(tasks), exception_handlers=UNAVAILABLE)

    @app.post("/")
    async def enqueue(tasks: Annotated[Scheduler, Depends(scheduler)]) -> str:
        return (await tasks.enqueue_async("work", 1)).id

    @app.post("/sync")
    def enqueue_sync(tasks: Annotated[Scheduler, Depends(scheduler)]) -> str:
        return tasks.enqueue("work", 1).id

    return app


def starlette_app(tasks: Scheduler) -> Any:
    async def enqueue(request: Request) -> Response:
        return PlainTextResponse((await scheduler(request).enqueue_async("work", 1)).id)

    def enqueue_sync(request: Request) -> Response:
        return PlainTextResponse(scheduler(request).enqueue("work", 1).id)

    routes = [Route("/", enqueue, methods=["POST"]), Route("/sync", enqueue_sync, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan_of(tasks), exception_handlers=UNAVAILABLE)


@pytest.mark.parametrize("make", [fastapi_app, starlette_app])
@pytest.mark.parametrize("path", ["/", "/sync"])
def test_a_request_enqueues(broker: Broker, make: Any, path: str) -> None:
    tasks = Scheduler(broker=broker)
    with TestClient(make(tasks)) as client:
        answer = client.post(path)
        assert answer.status_code == 200
        assert tasks.ref(answer.text.strip('"'), "default").status() == "ready"


@pytest.mark.parametrize("make", [fastapi_app, starlette_app])
@pytest.mark.parametrize("path", ["/", "/sync"])
def test_without_a_redis_a_request_is_answered_with_503(make: Any, path: str) -> None:
    tasks = Scheduler(settings=Settings(url=NOBODY, timeout_s=0.2))
    with TestClient(make(tasks)) as client:
        answer = client.post(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json() == {"detail": "the queue cannot be reached; try again"}


def test_a_full_redis_is_a_503_too() -> None:
    app = starlette_app(Scheduler(NOBODY))

    async def full(_request: Request) -> Response:
        raise QueueFull("OOM command not allowed")

    app.routes.append(Route("/full", full))
    with TestClient(app) as client:
        answer = client.get("/full")
    assert (answer.status_code, answer.json()["detail"]) == (503, "the queue is full; try again")


def test_the_lifespan_of_the_application_is_within_and_keeps_its_state(broker: Broker) -> None:
    events = []

    @asynccontextmanager
    async def inner(_app: Any) -> AsyncIterator[dict[str, str]]:
        events.append("begins")
        yield {"colour": "red"}
        events.append("ends")

    async def show(request: Request) -> Response:
        return PlainTextResponse(f"{request.state.colour} {type(scheduler(request)).__name__}")

    tasks = Scheduler(broker=broker)
    with TestClient(Starlette(routes=[Route("/", show)], lifespan=lifespan_of(tasks, inner))) as client:
        assert client.get("/").text == "red Scheduler"
        assert events == ["begins"]
    assert events == ["begins", "ends"]


def test_an_application_without_the_lifespan_is_told_what_it_lacks() -> None:
    async def show(request: Request) -> Response:
        return PlainTextResponse(str(scheduler(request)))

    client = TestClient(Starlette(routes=[Route("/", show)]))
    with pytest.raises(RuntimeError, match=r"lifespan=lifespan_of.*with TestClient"):
        client.get("/")


def test_connections_are_closed_also_if_the_application_fails_to_start(broker: Broker) -> None:
    closed = []

    class Watched(Scheduler):
        async def close_async(self) -> None:
            closed.append("async")
            await super().close_async()

        def close(self) -> None:
            closed.append("sync")
            super().close()

    @asynccontextmanager
    async def inner(_app: Any) -> AsyncIterator[None]:
        if closed == []:
            raise ZeroDivisionError
        yield

    async def start() -> None:
        async with lifespan_of(Watched(broker=broker), inner)(None):
            pytest.fail("it has started")

    with pytest.raises(ZeroDivisionError):
        asyncio.run(start())
    assert closed == ["async", "sync"]
