"""The text of a value in a unique key, which is the same for equal values in every process."""

import dataclasses
import re
import sys
from typing import Any

from redisched.errors import InvalidOption

_PLACE_IN_MEMORY = re.compile(r" at 0x[0-9a-fA-F]+>")
_MASKED = re.compile(r"\w\(b?'\*{10}'\)")
"""What pydantic shows in place of a secret, whatever it is."""
_MASKS = "masks a secret, so give unique=True, or a function of the arguments"


def key_text(template: str, name: str, value: Any) -> str:
    """What stands in a unique key for the argument of this name. Raises InvalidOption for a value of which the text
    differs from process to process, or is that of other values, too: what has a secret masks it.
    """
    if _is_pydantic(value):
        text = _fields_of_model(value, " ")
    else:
        text = _shown(value) if _holds_others(value) else str(value)
    if told := _MASKS if _is_secret(value) else why_no_key(text):
        allowed = f"names of arguments with a text of their own; that of {name} {told}: {text:.80}"
        raise InvalidOption("unique", template, allowed)
    return text


def why_no_key(text: str) -> str:
    """Why the text of a value cannot be a part of a key, "" if it can."""
    if _PLACE_IN_MEMORY.search(text):
        return "is its place in memory"
    return _MASKS if _MASKED.search(text) else ""


def _is_secret(value: Any) -> bool:
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(
        value, (pydantic.SecretStr, pydantic.SecretBytes, getattr(pydantic, "Secret", ()))
    )


def _holds_others(value: Any) -> bool:
    return type(value) in (set, frozenset, list, tuple, dict) or _is_shown_by_fields(value)


def _is_shown_by_fields(value: Any) -> bool:
    """Whether the text of a dataclass is the one that Python makes, of its fields."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return False
    # What a dataclass generates is wrapped against recursion. Neither its own `__str__` nor `__repr__` may differ.
    made = getattr(type(value).__repr__, "__wrapped__", None)
    generated = getattr(getattr(made, "__code__", None), "co_filename", "").startswith("<")
    return generated and type(value).__str__ is object.__str__


def _is_pydantic(value: Any) -> bool:
    """Whether this is a pydantic model whose text is that of all models."""
    pydantic = sys.modules.get("pydantic")
    if pydantic is None or not isinstance(value, pydantic.BaseModel):
        return False
    made = pydantic.BaseModel
    return (type(value).__str__, type(value).__repr__) == (made.__str__, made.__repr__)


def _fields_of_model(value: Any, between: str) -> str:
    return between.join(_shown(one) if name is None else f"{name}={_shown(one)}" for name, one in value.__repr_args__())


def _shown(value: Any) -> str:
    """As `repr`, but the members of a set in one order."""
    if type(value) in (set, frozenset) and value:
        members = "{" + ", ".join(sorted(map(_shown, value))) + "}"
        return members if type(value) is set else f"frozenset({members})"
    if type(value) is list:
        return f"[{', '.join(map(_shown, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(_shown, value))}{',' if len(value) == 1 else ''})"
    if type(value) is dict:
        return "{" + ", ".join(f"{_shown(key)}: {_shown(one)}" for key, one in value.items()) + "}"
    if _is_shown_by_fields(value):
        fields = (field.name for field in dataclasses.fields(value) if field.repr)
        return f"{type(value).__qualname__}({', '.join(f'{name}={_shown(getattr(value, name))}' for name in fields)})"
    if _is_pydantic(value):
        return f"{value.__repr_name__()}({_fields_of_model(value, ', ')})"
    return repr(value)
