"""A payment gateway on the loopback interface that fails in the same ways as real ones.

Like real ones, it recognizes a repeated charge by its idempotency key. It counts the charges of each order, so the demo
can show whether an order was charged twice.
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
"""How long a reply is delayed: longer than any client waits."""


class Behaviour(StrEnum):
    """How the gateway treats an order."""

    SETTLES = "settles"
    BUSY = "busy"
    """Answers 503 at the first attempt."""
    STALLS = "stalls"
    """Charges at the first attempt, but replies too late."""
    SHORT = "short"
    """Refuses the first two attempts, because the account has too little money."""
    REFUSES = "refuses"
    """Refuses every attempt."""


_BEHAVIOURS = (
    Behaviour.BUSY,
    Behaviour.BUSY,
    Behaviour.BUSY,
    Behaviour.STALLS,
    Behaviour.SHORT,
    Behaviour.REFUSES,
) + 14 * (Behaviour.SETTLES,)


def behaviour_of(order: str) -> Behaviour:
    """How the gateway treats an order, the same in every run: of 20 orders, 14 are charged at once, and 1 never is."""
    return _BEHAVIOURS[zlib.crc32(order.encode()) % len(_BEHAVIOURS)]


class Gateway:
    """A gateway that serves requests inside a `with` block."""

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
        """The address where it listens."""
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
        """Process one request, and return the status and the reply. The caller must delay the reply if it stalls."""
        with self._lock:
            self._attempts[key] += 1
            attempt = self._attempts[key]
            behaviour = behaviour_of(order)
            if behaviour is Behaviour.BUSY and attempt == 1:
                return HTTPStatus.SERVICE_UNAVAILABLE, {"reason": "too many requests at the moment"}
            if behaviour is Behaviour.REFUSES or (behaviour is Behaviour.SHORT and attempt <= 2):
                return HTTPStatus.PAYMENT_REQUIRED, {"reason": "insufficient funds"}
            if key not in self._charges:
                self._charges[key] = f"charge-{len(self._charges) + 1}"
                self._charges_of_order[order] += 1
            return HTTPStatus.CREATED, {"charge": self._charges[key]}

    def stalls(self, order: str, key: str) -> bool:
        """Whether the reply to the latest request with this key must be delayed."""
        return behaviour_of(order) is Behaviour.STALLS and self._attempts[key] == 1


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
        # The client may have closed the connection by now.
        with suppress(ConnectionError):
            self._answer(status, json.dumps(reply).encode())

    def log_message(self, *_: Any) -> None:
        """Log nothing: the demo's facts already show what happened."""

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
