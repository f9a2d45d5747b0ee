"""What cannot be stored as a result, and why. A generator cannot: the code in it has not run."""

from types import AsyncGeneratorType, GeneratorType
from typing import Any

from redisched.codec import describe
from redisched.errors import InvalidInput, NotEncodable

UNRUN = frozenset({GeneratorType, AsyncGeneratorType})
"""The types of results whose code has not run."""


def refuse_unrun(result: Any) -> None:
    """Raises NotEncodable if a result is a generator, even if no result is kept."""
    if type(result) in UNRUN:
        values = "[value async for value in ...]" if isinstance(result, AsyncGeneratorType) else "list(...)"
        allowed = f"a generator runs only when somebody takes its values; let the handler return {values}"
        raise NotEncodable("result", result, allowed)


def why_unstorable(name: str, error: BaseException) -> str:
    """Why the result of a handler cannot be stored, given what encoding it has raised."""
    return str(error) if isinstance(error, InvalidInput) else f"result of {name}: encoding it raised {describe(error)}"
