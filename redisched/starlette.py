"""redisched in a web application of Starlette or FastAPI: requests get the Scheduler, its connections end with the
application, and a Redis that is away is answered with 503.

    app = FastAPI(lifespan=lifespan_of(tasks), exception_handlers=UNAVAILABLE)

    @app.post("/orders")
    async def order(number: int, tasks: Annotated[Scheduler, Depends(scheduler)]) -> str: ...
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from redisched.client.scheduler import Scheduler
from redisched.errors import BrokerUnavailable, QueueFull

InnerLifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]
Lifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]
RETRY_AFTER_S = 5
_NAME = "redisched"


def lifespan_of(tasks: Scheduler, inner: InnerLifespan | None = None) -> Lifespan:
    """The lifespan of a web application that enqueues: at its end the connections of this Scheduler are closed.

    `inner` is the application's own lifespan, within this one; what it yields is kept.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_close, tasks)
            state = await stack.enter_async_context(inner(app)) if inner is not None else None
            yield {**(state or {}), _NAME: tasks}

    return lifespan


def scheduler(connection: HTTPConnection) -> Scheduler:
    """The Scheduler of the application that answers this request or serves this WebSocket; for `Depends(scheduler)`.

    Raises RuntimeError if the application does not have the lifespan of `lifespan_of`.
    """
    found = getattr(connection.state, _NAME, None)
    if not isinstance(found, Scheduler):
        raise RuntimeError(
            "the application has no Scheduler: give it lifespan=lifespan_of(tasks), and have its lifespan run, "
            "in tests by `with TestClient(app) as client`"
        )
    return found


def unavailable(_request: Request, error: Exception) -> Response:
    """The answer to a request during which Redis did not answer, or takes no new tasks: 503, to be tried again.

    It says nothing about the servers; the log of the application has the error.
    """
    detail = "the queue is full" if isinstance(error, QueueFull) else "the queue cannot be reached"
    return JSONResponse(
        {"detail": f"{detail}; try again"}, status_code=503, headers={"Retry-After": str(RETRY_AFTER_S)}
    )


UNAVAILABLE: dict[Any, Any] = {BrokerUnavailable: unavailable, QueueFull: unavailable}
"""The `exception_handlers` of an application that answers with 503 while Redis is away or full."""


async def _close(tasks: Scheduler) -> None:
    await tasks.close_async()
    tasks.close()
