"""Payments: charges through an HTTP gateway that may refuse or reply late; they are retried until they succeed or die.

If the reply to a charge was lost, the charge may have happened. The idempotency key is the same at every attempt, so
that the gateway recognizes a repeated charge.
"""

import http.client
import json
from http import HTTPStatus

from redisched.context import current_task
from redisched.demo import surroundings
from redisched.demo.facts import Kind, recorded
from redisched.demo.ledger import keep
from redisched.demo.scheduler import BACKOFF, PAYMENTS_QUEUE, app
from redisched.model import Priority
from redisched.retry import Retry

TIMEOUT_S = 0.3
RETRY = Retry(attempts=5, backoff=BACKOFF)


class PaymentRefused(Exception):
    """Raised when the card was refused. It may be accepted later."""


class GatewayUnavailable(Exception):
    """Raised when the gateway cannot accept charges now."""


@app.task(name="demo.charge", queue=PAYMENTS_QUEUE, priority=Priority.HIGH, retry=RETRY)
def charge(order: str, cents: int) -> str:
    """Charge an order, and return the gateway's id of the charge.

    Raises PaymentRefused, GatewayUnavailable, and OSError when the gateway does not answer in time.
    """
    with recorded(Kind.PAYMENTS):
        status, reply = _post(surroundings.gateway(), order, cents, key=current_task().id)
        if status == HTTPStatus.PAYMENT_REQUIRED:
            raise PaymentRefused(reply["reason"])
        if status != HTTPStatus.CREATED:
            raise GatewayUnavailable(f"{status}: {reply['reason']}")
        keep(Kind.PAYMENTS, cents)
        return reply["charge"]


def _post(gateway: surroundings.ServiceAddress, order: str, cents: int, key: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(gateway.host, gateway.port, timeout=TIMEOUT_S)
    try:
        connection.request(
            "POST",
            "/charges",
            body=json.dumps({"order": order, "cents": cents}),
            headers={"Content-Type": "application/json", "Idempotency-Key": key},
        )
        response = connection.getresponse()
        reply: dict[str, str] = json.loads(response.read())
        return response.status, reply
    finally:
        connection.close()
