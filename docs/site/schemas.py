"""The objects of an OpenAPI document in words: what is in each, and of which kind it is."""

from collections.abc import Iterator, Mapping
from typing import Any

_LIMITS = {"minimum": "from", "maximum": "to", "default": "by default", "pattern": "of the form"}
_EITHER = ("anyOf", "oneOf")


def schemas(by_name: Mapping[str, Any]) -> Iterator[str]:
    """A heading and a table for each schema."""
    for name, schema in by_name.items():
        yield f"### {name}"
        alternatives = schema.get("anyOf", [schema])
        if len(alternatives) > 1:
            yield f"One of {len(alternatives)} forms."
        for alternative in alternatives:
            yield "\n".join(["| field | value |", "|---|---|", *_rows(alternative, "")])


def _rows(schema: dict[str, Any], prefix: str) -> Iterator[str]:
    """A row for each field, with those of objects within it below it."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield f"| `{prefix}{name}` | {kind_of(field)}{'' if name in required else ', optional'} |"
        if "items" in field:
            yield from _rows(field["items"], f"{prefix}{name}[].")
        yield from _rows(field, f"{prefix}{name}.")


def kind_of(schema: dict[str, Any]) -> str:
    """Markdown that says which values a schema allows."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[`{name}`](#{name.lower()})"
    for key in _EITHER:
        if key in schema:
            return " or ".join(kind_of(one) for one in schema[key])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    types = schema.get("type", "any value")
    named = [types] if isinstance(types, str) else types
    text = " or ".join(_of(name, schema) for name in named)
    limits = [f"{word} `{schema[key]}`" for key, word in _LIMITS.items() if schema.get(key, "") != ""]
    return ", ".join([text, *limits]).replace("|", "\\|")


def _of(name: str, schema: dict[str, Any]) -> str:
    if name == "array" and "items" in schema:
        return f"list of {kind_of(schema['items'])}"
    values = schema.get("additionalProperties")
    if name == "object" and isinstance(values, dict):
        return f"object with values of: {kind_of(values)}"
    return name
