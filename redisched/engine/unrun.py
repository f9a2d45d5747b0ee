"""Results that have not run: a handler that returns a generator has done nothing of what stands in it."""

from types import AsyncGeneratorType, GeneratorType
from typing import Any

from redisched.errors import NotEncodable

UNRUN = frozenset({GeneratorType, AsyncGeneratorType})
"""The types of such results."""


def refuse_unrun(result: Any) -> None:
    """Raises NotEncodable for a result that has not run, also where no result is kept."""
    if type(result) in UNRUN:
        values = "[value async for value in ...]" if isinstance(result, AsyncGeneratorType) else "list(...)"
        allowed = f"a generator runs only when somebody takes its values; let the handler return {values}"
        raise NotEncodable("result", result, allowed)
