"""The OpenAPI document, made from the endpoints and the schemas."""

from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from redisched.web.catalogue import ENDPOINTS, PROBLEM, SCHEMAS
from redisched.web.endpoint import JSON, Endpoint
from redisched.web.guard import OWN_HEADER
from redisched.web.problems import MEDIA_TYPE
from redisched.web.schemas.making import reference
from redisched.web.statuses import EVERYWHERE, OF_CHANGES

API = "/api/v1"
_DESCRIPTION = (
    "What the command line prints with --json, over HTTP. Times are those of the Redis server, in milliseconds since "
    "1970. Values of arguments and results whose names tell that they are secret are hidden."
)


def document(server: str = API) -> dict[str, Any]:
    """The document. `server` is the path of the API as visitors see it."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "redisched", "version": version("redisched"), "description": _DESCRIPTION},
        "servers": [{"url": server}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.act.__name__,
        "summary": endpoint.summary,
        "parameters": [parameter.openapi for parameter in endpoint.parameters],
        "responses": _responses(endpoint),
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.method != "GET":
        header = {"type": "string", "const": "1"}
        described = "Shows that no page of another site sends this."
        operation["parameters"].append(
            {"name": OWN_HEADER, "in": "header", "required": True, "description": described, "schema": header}
        )
    if endpoint.body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": reference(endpoint.body)}}}
    return operation


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    schema = reference(endpoint.answer) if endpoint.answer else {"type": "string"}
    responses = {
        str(endpoint.status.value): {
            "description": endpoint.summary,
            "content": {endpoint.media_type: {"schema": schema}},
        }
    }
    changes = OF_CHANGES if endpoint.method != "GET" else ()
    for status in (*EVERYWHERE, *changes, *endpoint.problems):
        responses[str(status.value)] = _problem(status)
    return responses


def _problem(status: HTTPStatus) -> dict[str, Any]:
    return {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": reference(PROBLEM)}}}
