"""Any value as strict JSON, whatever a task or a program may hold."""

import json
import math
from collections.abc import Mapping
from typing import Any

_DEEPEST = 100


def to_json(value: object, *, indent: int | None = None, ensure_ascii: bool = False) -> str:
    """A value as strict JSON; what JSON has no form for becomes text."""
    text = json.dumps(_plain(value, _DEEPEST), indent=indent, ensure_ascii=ensure_ascii, allow_nan=False)
    return text.replace("\x7f", "\\u007f")


def _plain(value: Any, depth: int) -> Any:
    if depth == 0:
        return "..."
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {_key(key): _plain(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth - 1) for inner in value]
    if isinstance(value, set | frozenset):
        return [_plain(inner, depth - 1) for inner in sorted(value, key=repr)]
    return _key(value)


def _key(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
