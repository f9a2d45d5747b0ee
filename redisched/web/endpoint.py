"""An endpoint: its method and path, what it is given and what it answers, as data. The routes and the OpenAPI document
are both made from it.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from redisched.jsonable import to_json
from redisched.printable import is_sendable
from redisched.web.access import Visitor
from redisched.web.guard import LARGEST_BODY_BYTES, VISITOR, too_large
from redisched.web.parameters import Parameter, Parameters
from redisched.web.problems import bad_request
from redisched.web.redis import Redis
from redisched.web.services import Services

JSON = "application/json"
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A request whose parameters are checked."""

    services: Services
    visitor: Visitor
    address: str
    parameters: Mapping[str, Any]
    body: Any = None

    @property
    def redis(self) -> Redis:
        """The Redis behind the API."""
        return self.services.redis


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`answer` and `body` name schemas of `redisched.web.schemas`. `problems` are the statuses of the errors that only
    some endpoints have.
    """

    path: str
    summary: str
    act: Callable[[ApiCall], Awaitable[Any]]
    answer: str = ""
    parameters: Sequence[Parameter] = ()
    method: str = "GET"
    body: str = ""
    status: HTTPStatus = HTTPStatus.OK
    problems: Sequence[HTTPStatus] = ()
    media_type: str = JSON
    description: str = ""

    async def handle(self, request: Request, services: Services) -> Response:
        """Answer a request. Raises Problem, and whatever Redis makes of it."""
        path: dict[str, str] = {}
        for name, text in request.path_params.items():
            try:
                path[name] = unquote(text, errors="strict")
            except ValueError:
                raise bad_request("invalid", f"{name} is not UTF-8 in percent encoding") from None
        query = request.scope["query_string"].decode("latin-1")
        call = ApiCall(
            services=services,
            visitor=request.scope[VISITOR],
            address=request.client.host if request.client else "",
            parameters=Parameters(known=self.parameters).read(query, path),
            body=await _body(request) if self.body else None,
        )
        answered = await self.act(call)
        if isinstance(answered, Response):
            return answered
        return Response(to_json(answered, ensure_ascii=True), self.status.value, media_type=JSON)


async def _body(request: Request) -> Any:
    """The body of a request, an object of JSON. Raises Problem."""
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > LARGEST_BODY_BYTES:
            raise too_large()
    try:
        body = json.loads(received)
    except (ValueError, RecursionError):
        raise bad_request("not_json", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise bad_request("invalid", "the body is not an object of JSON")
    if b"\\u" in received and not is_sendable(to_json(body)):
        raise bad_request("invalid", "leave out half of a surrogate pair, as \\ud800: it is no character")
    return body
