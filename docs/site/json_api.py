"""The reference of the JSON API, in Markdown, made from its OpenAPI document."""

from collections.abc import Iterator
from typing import Any

from docs.site.commands import literal
from docs.site.schemas import kind_of, schemas
from redisched.web.openapi import document


def reference() -> str:
    """All endpoints, each with its parameters, its body and its answers, and then what these consist of."""
    api = document()
    parts = ["## Endpoints"]
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            parts += [f"### {method.upper()} {literal(path)}", *_operation(operation)]
    return "\n\n".join([*parts, "## Objects", *schemas(api["components"]["schemas"])])


def _operation(operation: dict[str, Any]) -> Iterator[str]:
    yield literal(operation["summary"])
    if "description" in operation:
        yield literal(operation["description"])
    if operation["parameters"]:
        rows = (
            f"| `{one['name']}` | {one['in']} | {kind_of(one['schema'])}{'' if one['required'] else ', optional'} "
            f"| {literal(one['description'])} |"
            for one in operation["parameters"]
        )
        yield "\n".join(["| parameter | in | value | what it says |", "|---|---|---|---|", *rows])
    if "requestBody" in operation:
        yield f"Body: {_content(operation['requestBody'])}."
    answers = operation["responses"]
    good = [f"{status} with {_content(answer)}" for status, answer in answers.items() if status < "400"]
    bad = [status for status in answers if status >= "400"]
    yield f"Answers: {', '.join(good)}; or a [`Problem`](#problem) with {', '.join(bad)}."


def _content(part: dict[str, Any]) -> str:
    ((media_type, content),) = part["content"].items()
    return f"{kind_of(content['schema'])} as `{media_type}`"
