"""Refuses generators as results: if a handler returns a generator, the code in it has not run."""

from types import AsyncGeneratorType, GeneratorType
from typing import Any

from redisched.errors import NotEncodable

UNRUN = frozenset({GeneratorType, AsyncGeneratorType})
"""The types of results whose code has not run."""


def refuse_unrun(result: Any) -> None:
    """Raises NotEncodable if a result is a generator, even if no result is kept."""
    if type(result) in UNRUN:
        values = "[value async for value in ...]" if isinstance(result, AsyncGeneratorType) else "list(...)"
        allowed = f"a generator runs only when somebody takes its values; let the handler return {values}"
        raise NotEncodable("result", result, allowed)
