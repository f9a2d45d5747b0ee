"""Serves the JSON API by itself, with uvicorn."""

import errno
import logging
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from redisched.errors import InvalidOption
from redisched.web.access import Access, is_loopback

_STOP_S = 2
"""For so long a server that stops lets requests end."""
_NOT_TO_BE_HAD = {errno.EACCES, errno.EADDRINUSE}


def listen_on(host: str, port: int, access: Access) -> socket.socket:
    """A socket that listens on an address; with port 0 a free port is taken. Raises InvalidOption if the address cannot
    be had, or if whoever reaches it could use the API.
    """
    try:
        family, _, _, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise InvalidOption("host", host, f"an address of this machine; {error}") from None
    address = str(found[0])
    if access.is_open and not is_loopback(address):
        allowed = "an address of this machine alone, such as 127.0.0.1; or give a --token, or REDISCHED_WEB_TOKEN"
        raise InvalidOption("host", host, allowed)
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            allowed = "an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
            raise InvalidOption("host", host, allowed) from None
        if error.errno not in _NOT_TO_BE_HAD:
            raise
        reason = os.strerror(error.errno)
        raise InvalidOption("port", port, f"one that is free on {host}, or 0 for any; {reason}") from None


def url_of(listening: socket.socket) -> str:
    """Where a socket can be reached by a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, listening: socket.socket, on_stop: Callable[[], None]) -> None:
    """Serve until the process is told to stop by SIGINT or SIGTERM. Then `on_stop` is called, and what still runs may
    end.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level=logging.WARNING,
        # Whom a request comes from is who connects, not whom a header names.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
    )
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        # It raises the signal again at its end, which is an ordinary one here.
        _WebServer(config, on_stop).run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _WebServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._on_stop()


def _ignore(_number: int, _frame: FrameType | None) -> None:
    pass
