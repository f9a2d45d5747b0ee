"""Proves that a value comes back as it was, where code of its class runs when it is made again.

A `__post_init__`, an `__init__` or a validator may change what it is given, and a pydantic model leaves out or masks
some fields in its JSON. Nothing but trying tells whether such a value survives the journey.
"""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from redisched.conversion.form import Form, Mismatch, described
from redisched.conversion.models import is_pydantic
from redisched.packing import pack, unpack


class Changed(Mismatch):
    """Raised for a value that would come back as another one."""

    def __init__(self, value: object) -> None:
        super().__init__(type(value).__name__, value)
        self.said = f"{described(value)} would come back as something else, because its class or the one that holds it "
        self.said += "changes or leaves out what it is given"


def runs_code(kind: Any) -> bool:
    """Whether more than the code that Python generates for a record runs when one is made."""
    if hasattr(kind, "__post_init__") or hasattr(kind, "__pydantic_fields__"):
        return True
    if dataclasses.is_dataclass(kind) and not all(field.init for field in dataclasses.fields(kind)):
        return True
    codes = (getattr(getattr(kind, name), "__code__", None) for name in ("__init__", "__new__"))
    return any(code is not None and not code.co_filename.startswith("<") for code in codes)


def proved(form: Form) -> Callable[[Any], Any]:
    """An `encode` that also raises Mismatch for a value that would come back as another one."""

    def encode(value: Any) -> Any:
        encoded = form.encode(value)
        try:
            # A copy, as what decodes may keep and change what it is given.
            arrives = unpack(pack(encoded))
        except Exception:
            return encoded  # What cannot be packed at all is refused where the task is encoded.
        try:
            back = form.decode(arrives)
        except Mismatch as error:
            raise Mismatch(form.words, value, f"it could not be read again; {error}") from None
        _compare(value, back)
        return encoded

    return encode


def _compare(one: Any, other: Any) -> None:
    """Raises Mismatch with the place where the values differ."""
    if isinstance(one, PurePath) and one == other:
        return
    if type(one) is not type(other):
        raise Changed(one)
    parts = _parts_of(one), _parts_of(other)
    if parts[0] is None or parts[1] is None:
        if not _are_equal(one, other):
            raise Changed(one)
        return
    if parts[0].keys() != parts[1].keys():
        raise Changed(one)
    for place, part in parts[0].items():
        try:
            _compare(part, parts[1][place])
        except Mismatch as error:
            raise error.within(f"[{place!r:.40}]" if isinstance(one, dict | list | tuple) else f".{place}") from None


def _parts_of(value: Any) -> Mapping[Any, Any] | None:
    """What a value consists of; None for one that is compared as a whole."""
    if type(value) is dict:
        return value
    if type(value) in (list, tuple):
        return dict(enumerate(value))
    if is_pydantic(type(value)):
        # Private attributes and cached properties are no part of what a model says.
        fields = {name: value.__dict__.get(name) for name in type(value).model_fields}
        return fields | (value.__pydantic_extra__ or {})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        compared = (field.name for field in dataclasses.fields(value) if field.init or field.compare)
        return {name: getattr(value, name, None) for name in compared}
    return None


def _are_equal(one: Any, other: Any) -> bool:
    try:
        if isinstance(one, datetime) and one.tzinfo is not None and other.tzinfo is not None:
            # Where clocks are set back, a moment of a zone equals none with another zone, even with the same offset.
            return bool(one.astimezone(UTC) == other.astimezone(UTC))
        return bool(one == other or (one != one and other != other))  # A NaN is not equal to itself.
    except Exception:
        return repr(one) == repr(other)
