"""A client of the API that holds every answer against the OpenAPI document."""

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from redisched.client.scheduler import Scheduler
from redisched.web.app import create_app
from redisched.web.openapi import API, document
from tests.waiting import wait_until

ADDRESS = ("127.0.0.1", 50_000)
CHANGE = {"X-Redisched": "1"}
SECRET = "correct-horse-battery-staple"
READER = "only-look-do-not-touch-anything"

_DOCUMENT = document()
_ANSWER = "urn:redisched:openapi"


def bearer(secret: str) -> dict[str, str]:
    """The header that sends a token."""
    return {"Authorization": f"Bearer {secret}"}


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """What the document says of a request, None if it does not know the path."""
    for template, operations in _DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found: dict[str, Any] | None = operations.get(method.lower())
            return found
    return None


def check_answer(method: str, path: str, status: int, media_type: str, body: Any) -> None:
    """Raises AssertionError or ValidationError for an answer that the document does not allow."""
    operation = operation_of(method, path)
    if operation is None:
        assert status in (404, 405), f"{method} {path} is not in the document"
        schema: Mapping[str, Any] = {"$ref": "#/components/schemas/Problem"}
    else:
        assert str(status) in operation["responses"], f"{method} {path} answered {status}: {body}"
        schema = operation["responses"][str(status)]["content"][media_type]["schema"]
    Draft202012Validator({**schema, "components": _DOCUMENT["components"]}).validate(body)


def _json(body: Any) -> dict[str, str]:
    """A body with every character that is not of ASCII as an escape, also if there is no such character."""
    return {} if body is None else {"content": json.dumps(body)}


class Api:
    """Sends requests to the API, below /api/v1."""

    def __init__(self, scheduler: Scheduler, headers: Mapping[str, str] | None = None, **options: Any) -> None:
        app = create_app(scheduler, **options)
        self.client = TestClient(app, "http://127.0.0.1", client=ADDRESS, headers=dict(headers or {}))

    def ask(self, method: str, path: str, **request: Any) -> tuple[int, Any]:
        """The status and the body of an answer."""
        answer = self.client.request(method, API + path, **request)
        check_answer(method, path.partition("?")[0], answer.status_code, answer.headers["content-type"], answer.json())
        return answer.status_code, answer.json()

    def get(self, path: str, **parameters: Any) -> Any:
        """The body of an answer, which must be a success."""
        status, body = self.ask("GET", path, params=parameters or None)
        assert status == 200, body
        return body

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The body of the answer to a change, which must be a success."""
        status, answer = self.ask("POST", path, **_json(body), headers={**CHANGE, **headers})
        assert status == 200, answer
        return answer

    def refused(self, path: str, body: Any = None) -> tuple[int, str, str]:
        """The status, the code and the sentence with which a change is refused."""
        status, answer = self.ask("POST", path, **_json(body), headers=CHANGE)
        assert status >= 400, answer
        return status, answer["code"], answer["detail"]

    def do(self, action: str, **body: Any) -> Any:
        """Ask for an action, commit it, and wait for its end."""
        asked = self.post("/actions", {"action": action, **body})
        self.post(f"/actions/{asked['token']}/commit")
        return self.ended(asked["token"])

    def ended(self, token: str) -> Any:
        """An action at its end."""
        path = f"/actions/{token}"
        wait_until(lambda: self.get(path)["stage"] not in ("waiting", "running"), "the action has ended")
        return self.get(path)

    def problem(self, path: str, **parameters: Any) -> tuple[int, str, str]:
        """The status, the code and the sentence of an error."""
        status, body = self.ask("GET", path, params=parameters or None)
        assert status >= 400, body
        return status, body["code"], body["detail"]
