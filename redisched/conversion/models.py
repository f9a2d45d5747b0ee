"""The form of pydantic models, which travel as their own JSON values."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from redisched.conversion.form import Form, Mismatch
from redisched.packing import pack


def is_pydantic(annotation: object) -> bool:
    """Whether this is a pydantic model. Nobody can have made one without having imported pydantic."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)


def pydantic_model(kind: Any) -> Form:
    """A model travels as its own JSON values and is validated when it comes back."""

    def encode(value: Any) -> Any:
        if type(value) is not kind:
            raise Mismatch(kind.__qualname__, value)
        try:
            return _in_order(value, value.model_dump(mode="json", by_alias=True, round_trip=True))
        except ValueError as error:
            raise Mismatch(kind.__qualname__, value, str(error)) from None

    def decode(value: Any) -> Any:
        if type(value) is kind:
            return value
        try:
            # As JSON, because a strict model takes a text for a date only from there.
            return kind.model_validate_json(json.dumps(value))
        except sys.modules["pydantic"].ValidationError as error:
            raise Mismatch(kind.__qualname__, value, _in_words(error)) from None
        except (ValueError, TypeError) as error:
            raise Mismatch(kind.__qualname__, value, str(error)) from None

    is_root = issubclass(kind, sys.modules["pydantic"].RootModel)
    return Form(
        words=kind.__qualname__, encode=encode, decode=decode, travels_as=None if is_root else frozenset({dict})
    )


def _in_words(error: Any) -> str:
    """What pydantic says, on one line and without the address of its manual."""
    said = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors(include_url=False)]
    return "; ".join(f"{place}: {message}" if place else message for place, message in said)


def _in_order(value: Any, dumped: Any) -> Any:
    """What a value was dumped as, with the members of sets in the order of their bytes: equal values are equal bytes in
    every process, and JSON has lists in place of sets.
    """
    if getattr(value, "__pydantic_root_model__", False):
        return _in_order(value.root, dumped)
    if isinstance(dumped, dict):
        parts = dict(_parts_of(value, dumped))
        return {key: _in_order(parts[key], one) if key in parts else one for key, one in dumped.items()}
    if not isinstance(dumped, list) or not isinstance(value, list | tuple | set | frozenset):
        return dumped
    if len(value) != len(dumped):
        return dumped
    members = [_in_order(*pair) for pair in zip(value, dumped, strict=True)]
    return sorted(members, key=pack) if isinstance(value, set | frozenset) else members


def _parts_of(value: Any, dumped: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The values within one that was dumped as a dict, by their keys there. Where a serializer of the application has
    made something else of it, there are none.
    """
    if isinstance(value, dict):
        return zip(dumped, value.values(), strict=True) if len(value) == len(dumped) else ()
    if dataclasses.is_dataclass(value):
        return [(field.name, getattr(value, field.name, None)) for field in dataclasses.fields(value)]
    fields = getattr(type(value), "model_fields", {})
    named = [(info.serialization_alias or name, getattr(value, name, None)) for name, info in fields.items()]
    return [*named, *(getattr(value, "__pydantic_extra__", None) or {}).items()]
