"""Parts of JSON schemas."""

from collections.abc import Mapping
from typing import Any

JsonSchema = Mapping[str, Any]

ANYTHING: JsonSchema = {}
BOOLEAN: JsonSchema = {"type": "boolean"}
INTEGER: JsonSchema = {"type": "integer"}
NUMBER: JsonSchema = {"type": "number"}
TEXT: JsonSchema = {"type": "string"}


def nothing_else(**fields: JsonSchema) -> dict[str, Any]:
    """An object that has these fields, and no others."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def listed(item: JsonSchema) -> dict[str, Any]:
    """A list."""
    return {"type": "array", "items": item}


def mapped(item: JsonSchema) -> dict[str, Any]:
    """An object with any names."""
    return {"type": "object", "additionalProperties": item}


def maybe(schema: JsonSchema) -> dict[str, Any]:
    """The same, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*words: str) -> dict[str, Any]:
    """One of some words."""
    return {"type": "string", "enum": [str(word) for word in words]}


def reference(name: str) -> dict[str, str]:
    """A schema of the document, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def page(field: str, item: JsonSchema, **more: JsonSchema) -> dict[str, Any]:
    """A page of a listing. `next` is the `after` of the next page, null at the end."""
    return nothing_else(**{field: listed(item)}, next=maybe(TEXT), **more)
