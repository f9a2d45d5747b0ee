"""The form of an annotation: how its values travel, and how they come back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

ALLOWED = (
    "None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset, datetime, date, timedelta, Decimal, UUID, "
    "an Enum, a Path, a dataclass, a NamedTuple, a TypedDict, a Literal, a pydantic model, and Optional or Union of "
    "these; leave the annotation out, or write Any, for what msgpack carries as it is"
)
"""What can be annotated, as a text for people."""
_LONGEST = 60


class Mismatch(ValueError):
    """Raised for a value that is not as annotated. `place` says where within the value, such as `.items[2]`."""

    def __init__(self, wanted: str, value: object, reason: str = "") -> None:
        self.place = ""
        self.said = f"{wanted} expected, and {described(value)} came" + (f": {reason}" if reason else "")

    def within(self, place: str) -> "Mismatch":
        """The same error, seen from the value that holds this one at `place`."""
        self.place = place + self.place
        return self

    def __str__(self) -> str:
        return f"at {self.place}: {self.said}" if self.place else self.said


class Unsupported(Exception):
    """Raised for an annotation whose values cannot travel."""

    def __init__(self, words: str, reason: str = "") -> None:
        self.words = words
        self.reason = reason
        super().__init__(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the values of one annotation travel.

    `encode` makes a value that msgpack carries and `decode` the annotated one again; what is the annotated one already,
    it leaves as it is. Both raise Mismatch. `travels_as` are the types that `encode` makes; None is any type. Values of
    a form that `is_plain` travel and come back without it, so at the top it is not applied.
    """

    words: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    travels_as: frozenset[type] | None
    is_plain: bool = False


FormOf: TypeAlias = Callable[[Any], Form]
"""Answers the form of an annotation. Raises Unsupported."""


def converted(way: Callable[[Any], Any], form: Form, value: Any) -> Any:
    """What `form.encode` or `form.decode` makes of a whole value. Raises Mismatch, also for one nested too deeply."""
    try:
        return way(value)
    except RecursionError:
        raise Mismatch(form.words, value, "it is nested too deeply") from None


def words_of(annotation: object) -> str:
    """An annotation as in a program."""
    return annotation.__qualname__ if type(annotation) is type else str(annotation).replace("typing.", "")


def described(value: object) -> str:
    """The type and the beginning of a value, for people."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<its repr raised {type(error).__name__}>"
    return f"{type(value).__name__} {text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'}"
