"""The ASGI application of the dashboard and the JSON API, which runs by itself or mounted in another one.

app.mount("/tasks", create_app(scheduler, access=Access(allowed_hosts=("shop.example.com",), visitor_of=visitor_of)))
"""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption
from redisched.jsonable import to_json
from redisched.redaction import Redactor
from redisched.web.access import Access
from redisched.web.acting.actions import Actions
from redisched.web.catalogue import ENDPOINTS
from redisched.web.endpoint import JSON, Endpoint
from redisched.web.feed import Feed
from redisched.web.guard import Guard
from redisched.web.openapi import API, document
from redisched.web.page_files import BELOW, send_index, send_page_file
from redisched.web.problems import answer_unrouted, problem_of
from redisched.web.reading.overview import overview_record
from redisched.web.redis import Redis
from redisched.web.services import Services

logger = logging.getLogger("redisched.web")
_BASE_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")


def create_app(
    scheduler: Scheduler | None = None,
    *,
    access: Access | None = None,
    redact: tuple[str, ...] = (),
    base_path: str = "",
) -> Starlette:
    """The dashboard of the keyspace of a Scheduler at /, and its API at /api/v1. The Scheduler needs no
    handlers; None means that of REDISCHED_URL, else the embedded server.

    `access` says who may use it; by default only this machine. Arguments and results of the names in `redact` are
    hidden, besides passwords, tokens and the like. `base_path`, such as /redisched, is below which path a proxy serves
    it, whether or not it passes that on; a mounted application needs none. Nothing is opened before the first request.
    Raises InvalidOption.
    """
    if _BASE_PATH.fullmatch(base_path) is None:
        raise InvalidOption("base_path", base_path, "a path such as /redisched, without a slash at its end")
    tasks = scheduler or Scheduler()
    redis = Redis(tasks, Redactor(redact))
    overviews = Feed("overview", partial(overview_record, redis))
    services = Services(redis=redis, overviews=overviews, actions=Actions(redis))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await services.actions.close()
        await tasks.close_async()

    app = Starlette(
        routes=[
            *(Route(API + one.path, _route(one, services), methods=[one.method]) for one in ENDPOINTS),
            Route(f"{API}/openapi.json", _openapi, methods=["GET"]),
            Route("/", send_index, methods=["GET"]),
            Route(BELOW + "{file:path}", send_page_file, methods=["GET"]),
        ],
        middleware=[Middleware(PathAsSent, base_path=base_path), Middleware(Guard, access=access or Access())],
        exception_handlers={HTTPException: answer_unrouted},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.overviews = overviews
    return app


class PathAsSent:
    """Lets routes see a path as it was sent, so that a slash within an id, sent as %2F, divides nothing. Endpoints
    decode their parts of it. A base path that a proxy has cut off is put back.
    """

    def __init__(self, app: ASGIApp, base_path: str) -> None:
        self._app = app
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            root = scope.get("root_path", "").rstrip("/")
            sent = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
            within = "/".join(sent.split("/")[root.count("/") + 1 :])
            within = f"/{within}".removeprefix(self._base_path or "/").removeprefix("/")
            root += self._base_path
            scope = {**scope, "root_path": root, "path": f"{root}/{within}"}
        await self._app(scope, receive, send)


def _route(endpoint: Endpoint, services: Services) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint.handle(request, services)
        except Exception as error:
            problem = problem_of(error)
            if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
                logger.exception("%s %s failed", request.method, endpoint.path)
            return problem.response()

    return answer


async def _openapi(request: Request) -> Response:
    server = request.scope.get("root_path", "").rstrip("/") + API
    return Response(to_json(document(server), ensure_ascii=True), media_type=JSON)
