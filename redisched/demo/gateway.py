"""A payment gateway on the loopback interface that behaves as badly as real ones do.

It knows a charge again by its key, as real ones do too, and counts what it charged for each order: whoever pays twice
is seen here.
"""

import json
import threading
import zlib
from collections import Counter
from contextlib import suppress
from enum import StrEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from redisched.demo.surroundings import ServiceAddress

STALL_S = 1.0
"""Longer than any client waits."""


class Temper(StrEnum):
    """How the gateway treats an order."""

    SETTLES = "settles"
    BUSY = "busy"
    """Answers 503 at the first attempt."""
    STALLS = "stalls"
    """Charges at the first attempt, and does not say so in time."""
    SHORT = "short"
    """Refuses twice, until there is money."""
    REFUSES = "refuses"
    """Refuses always."""


_TEMPERS = (Temper.BUSY, Temper.BUSY, Temper.BUSY, Temper.STALLS, Temper.SHORT, Temper.REFUSES) + 14 * (Temper.SETTLES,)


def temper_of(order: str) -> Temper:
    """How an order will be treated, the same in every run: 14 of 20 settle at once, 1 never does."""
    return _TEMPERS[zlib.crc32(order.encode()) % len(_TEMPERS)]


class Gateway:
    """A gateway that serves from `with` on until its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempts: Counter[str] = Counter()
        self._charges: dict[str, str] = {}
        self._charges_of_order: Counter[str] = Counter()
        self.closing = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> ServiceAddress:
        """Where it listens."""
        return ServiceAddress("127.0.0.1", self._server.server_port)

    @property
    def charged_orders(self) -> int:
        """How many orders were charged."""
        return len(self._charges_of_order)

    @property
    def double_charges(self) -> int:
        """How many orders were charged more than once."""
        return sum(charges > 1 for charges in self._charges_of_order.values())

    def charge(self, order: str, key: str) -> tuple[HTTPStatus, dict[str, str]]:
        """Treat one request: the status and the reply. A stall is left to the caller."""
        with self._lock:
            self._attempts[key] += 1
            attempt = self._attempts[key]
            temper = temper_of(order)
            if temper is Temper.BUSY and attempt == 1:
                return HTTPStatus.SERVICE_UNAVAILABLE, {"reason": "too many requests at the moment"}
            if temper is Temper.REFUSES or (temper is Temper.SHORT and attempt <= 2):
                return HTTPStatus.PAYMENT_REQUIRED, {"reason": "insufficient funds"}
            if key not in self._charges:
                self._charges[key] = f"charge-{len(self._charges) + 1}"
                self._charges_of_order[order] += 1
            return HTTPStatus.CREATED, {"charge": self._charges[key]}

    def stalls(self, order: str, key: str) -> bool:
        """Whether the reply to the latest request of this key comes too late."""
        return temper_of(order) is Temper.STALLS and self._attempts[key] == 1


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__(("127.0.0.1", 0), _RequestHandler)


class _RequestHandler(BaseHTTPRequestHandler):
    wbufsize = -1
    server: _Server

    def do_POST(self) -> None:
        gateway = self.server.gateway
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        order, key = request["order"], self.headers["Idempotency-Key"]
        status, reply = gateway.charge(order, key)
        if gateway.stalls(order, key):
            gateway.closing.wait(STALL_S)
        # The client may be gone by now.
        with suppress(ConnectionError):
            self._answer(status, json.dumps(reply).encode())

    def log_message(self, *_: Any) -> None:
        """The demo's own facts say it better."""

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
