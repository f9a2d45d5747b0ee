"""Errors as answers: `application/problem+json` (RFC 9457) with a sentence that says what is wrong and what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from redisched.errors import (
    BrokerError,
    BrokerUnavailable,
    InvalidInput,
    NoServer,
    QueueFull,
    RedischedError,
    UnknownSchedule,
    UnknownTask,
    UnknownWorker,
)
from redisched.jsonable import to_json

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


class Problem(RedischedError):
    """Why a request is not answered. `code` is a word for programs, and does not change."""

    def __init__(self, status: HTTPStatus, code: str, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.code = code
        self.sentence = sentence
        self.headers = dict(headers or {})
        super().__init__(sentence)

    @property
    def record(self) -> dict[str, Any]:
        """What is answered."""
        return {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "code": self.code,
            "detail": self.sentence,
        }

    def response(self) -> Response:
        """The answer."""
        body = to_json(self.record, ensure_ascii=True)
        return Response(body, self.status.value, self.headers, MEDIA_TYPE)


def bad_request(code: str, sentence: str) -> Problem:
    """What was sent cannot be understood."""
    return Problem(HTTPStatus.BAD_REQUEST, code, sentence)


def not_found(code: str, sentence: str) -> Problem:
    """What was asked for does not exist."""
    return Problem(HTTPStatus.NOT_FOUND, code, sentence)


def unavailable(sentence: str) -> Problem:
    """Redis does not answer."""
    retry = {"Retry-After": str(RETRY_AFTER_S)}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "redis_unavailable", sentence, retry)


def problem_of(error: Exception) -> Problem:
    """The answer to a request during which an error was raised."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, BrokerUnavailable | QueueFull | NoServer):
        return unavailable(str(error))
    if isinstance(error, UnknownTask | UnknownSchedule | UnknownWorker):
        return not_found("unknown", str(error))
    if isinstance(error, InvalidInput):
        return bad_request("invalid", str(error))
    if isinstance(error, BrokerError):
        return Problem(HTTPStatus.BAD_GATEWAY, "redis_refused", str(error))
    if isinstance(error, RedischedError):
        return Problem(HTTPStatus.CONFLICT, "refused", str(error))
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", "the server failed; its log says why")


def answer_unrouted(request: Request, error: Exception) -> Response:
    """The answer to a request for a path or with a method that does not exist."""
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers = error.headers if isinstance(error, HTTPException) else None
        sentence = f"{request.method} is not what this path takes; see api/v1/openapi.json"
        return Problem(status, "method_not_allowed", sentence, headers).response()
    return not_found("no_such_path", "there is nothing at this path; see api/v1/openapi.json").response()
