"""Stands before everything else: lets in only requests that may come in, and gives every answer its safe headers.

A page of another site can make a browser send requests here. It can neither choose the Host header, nor send a header
of its own, nor hide where it comes from, so all three are checked. The files of the dashboard need no token: a browser
cannot send one before it has them, and they hold no data.
"""

import logging
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redisched.printable import printable
from redisched.web.access import Access, Role, Visitor, is_loopback
from redisched.web.page_files import is_of_page
from redisched.web.problems import Problem, bad_request, problem_of

logger = logging.getLogger("redisched.web")
OWN_HEADER = "X-Redisched"
VISITOR = "redisched.visitor"
"""The name under which the scope of a request has its visitor."""
LARGEST_BODY_BYTES = 1024 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The headers of every answer."""
NOT_STORED = "no-store"
ASKED_FOR_ANEW = "no-cache"
"""A browser keeps the files of the dashboard, and asks each time whether they have changed."""
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """The ASGI application within, for requests that may come in."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": "no WebSockets here"})
            return

        is_page = scope["method"] in _READING and is_of_page(scope["path"].removeprefix(scope.get("root_path", "")))

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = ASKED_FOR_ANEW if is_page else NOT_STORED
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            hosts = self._check_place(scope)
            if not is_page:
                self._check_visitor(scope, hosts[0])
        except Problem as problem:
            await problem.response()(scope, receive, send_safely)
            return
        await self._app(scope, receive, send_safely)

    def _check_place(self, scope: Scope) -> list[str]:
        """The Host header. Raises Problem for a request for another host, or from where nobody is answered."""
        connection = HTTPConnection(scope)
        hosts = connection.headers.getlist("host")
        if len(hosts) != 1 or not self._access.allows_host(hosts[0]):
            name = printable(", ".join(hosts)) or "none"
            sentence = f"the host {name} is not one that this server answers for; allow it: --allowed-host NAME"
            raise Problem(HTTPStatus.FORBIDDEN, "host_not_allowed", sentence)
        if self._access.is_open and scope.get("client") and not is_loopback(scope["client"][0]):
            sentence = "without a token only this machine is answered; start the server with --token"
            raise Problem(HTTPStatus.FORBIDDEN, "token_needed", sentence)
        return hosts

    def _check_visitor(self, scope: Scope, host: str) -> None:
        """Raises Problem for a request of somebody who may not send it."""
        connection = HTTPConnection(scope)
        visitor = self._find_visitor(connection)
        if visitor is None:
            raise _unknown_visitor(connection, self._access)
        scope[VISITOR] = visitor
        if scope["method"] not in _READING:
            _check_change(connection, host)
            if visitor.role is Role.READER:
                sentence = f"{visitor.name} may only read here"
                raise Problem(HTTPStatus.FORBIDDEN, "read_only", sentence)

    def _find_visitor(self, connection: HTTPConnection) -> Visitor | None:
        try:
            return self._access.visitor(connection)
        except Exception as error:
            logger.exception("nobody is let in, as it cannot be said who sends a request")
            raise problem_of(error) from None


def _unknown_visitor(connection: HTTPConnection, access: Access) -> Problem:
    """Why nobody is known who may have sent a request, and what to do."""
    code, sentence = "token_needed", "this server wants a token: Authorization: Bearer TOKEN"
    if access.visitor_of is not None:
        code, sentence = "login_needed", "nobody is logged in who may see this; log in at the site that it is a part of"
    elif "authorization" in connection.headers:
        sentence = "this token is not one that the server was started with; send another: Authorization: Bearer TOKEN"
    return Problem(HTTPStatus.UNAUTHORIZED, code, sentence, {"WWW-Authenticate": "Bearer"})


def _check_change(connection: HTTPConnection, host: str) -> None:
    """Raises Problem for a change that the page of another site may have sent."""
    headers = connection.headers
    if headers.get(OWN_HEADER) != "1":
        sentence = f"a change needs the header {OWN_HEADER}: 1, which no page of another site can send"
        raise Problem(HTTPStatus.FORBIDDEN, "own_header_needed", sentence)
    origins = headers.getlist("origin")
    if any(origin.partition("://")[2].lower() != host.lower() for origin in origins):
        name = printable(", ".join(origins))
        sentence = f"a change may not come from the page of another site: the origin is {name}, the host is {host}"
        raise Problem(HTTPStatus.FORBIDDEN, "origin_not_allowed", sentence)
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in ("application/json", ""):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "send JSON: Content-Type: application/json")
    length = headers.get("content-length", "0")
    if not length.isdigit():
        raise bad_request("bad_length", "Content-Length is not a number")
    if int(length) > LARGEST_BODY_BYTES:
        raise too_large()


def too_large() -> Problem:
    """The body of a request is larger than LARGEST_BODY_BYTES."""
    sentence = f"the body has more than {LARGEST_BODY_BYTES} bytes; name fewer ids, or use a filter"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", sentence)
