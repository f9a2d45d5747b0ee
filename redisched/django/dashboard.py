"""The dashboard within a Django site that is served by ASGI: below a path, for those whom the site has logged in."""

import re
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import aget_user, get_user_model
from django.http import HttpRequest
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from redisched.client.scheduler import Scheduler
from redisched.django.application import app
from redisched.django.connections import closing_connections
from redisched.errors import InvalidOption
from redisched.web.access import Access, Role, Visitor
from redisched.web.app import create_app

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_USER = "redisched.django.user"
"""The name under which the scope of a request has its user."""


def with_dashboard(
    site: ASGIApp,
    path: str = "/redisched",
    *,
    scheduler: Scheduler | None = None,
    allowed_hosts: tuple[str, ...] | None = None,
    redact: tuple[str, ...] = (),
) -> ASGIApp:
    """The ASGI application of a Django site with the dashboard below a path; all else is left to the site.

    Staff may look, superusers may act, and nobody else is answered; the audit has their user names. It answers for the
    hosts in ALLOWED_HOSTS, or for `allowed_hosts` where that has patterns. `scheduler` is by default that of the
    project; arguments of the names in `redact` are hidden, too. Call it after `get_asgi_application()`, which sets
    Django up. Raises InvalidOption, and ImproperlyConfigured if the project has no users.
    """
    if _PATH.fullmatch(path) is None:
        raise InvalidOption("path", path, "a path such as /redisched, without a slash at its end")
    get_user_model()
    access = Access(allowed_hosts=_hosts(allowed_hosts), visitor_of=_visitor_of)
    dashboard = create_app(scheduler or app, access=access, redact=redact)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "").rstrip("/")
        within = scope.get("path", "").removeprefix(root)
        if scope["type"] == "lifespan":
            # Django knows nothing of it; the dashboard closes its connections at the end.
            await dashboard(scope, receive, send)
        elif scope["type"] == "http" and (within == path or within.startswith(f"{path}/")):
            # The files of the page have no data: nobody need be looked up for them.
            user = await _user_of(scope) if within.startswith(f"{path}/api/") else None
            await dashboard({**scope, "root_path": root + path, _USER: user}, receive, send)
        else:
            await site(scope, receive, send)

    return application


def _hosts(given: tuple[str, ...] | None) -> tuple[str, ...]:
    hosts = tuple(settings.ALLOWED_HOSTS) if given is None else given
    for host in hosts:
        if not host or "*" in host or host.startswith("."):
            raise InvalidOption("allowed_hosts", host, "names of hosts without patterns, such as shop.example.com")
    return hosts


async def _find_user(scope: Scope) -> Any:
    """The user whose session the cookie of a request names."""
    request = HttpRequest()
    key = HTTPConnection(scope).cookies.get(settings.SESSION_COOKIE_NAME)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    return await aget_user(request)


_user_of = closing_connections(_find_user, is_async=True)


def _visitor_of(connection: HTTPConnection) -> Visitor | None:
    user = connection.scope[_USER]
    # The users of a project need not have these.
    if not (getattr(user, "is_active", False) and getattr(user, "is_staff", False)):
        return None
    role = Role.OPERATOR if getattr(user, "is_superuser", False) else Role.READER
    return Visitor(name=user.get_username(), role=role)
