"""How the arguments and results of one handler travel."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Given: TypeAlias = tuple[Sequence[Any], Mapping[str, Any]]
"""Arguments by position and by name."""


Encoded: TypeAlias = tuple[Sequence[Any], Mapping[str, Any], str | None]
"""Arguments as they travel, by position and by name, and the name of the codec that made them, if one did."""


class WrongArguments(Exception):
    """Raised instead of calling a handler whose arguments are not what it takes."""


class Conversion(Protocol):
    """Turns arguments and results of one handler into what msgpack carries, and back."""

    codec: str | None
    """The name of the codec that made them; None if the annotations did."""

    def encode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        """Arguments as they travel. Raises InvalidArguments."""
        ...

    def decode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any], codec: str | None) -> Given:
        """Arguments that travelled, and were made by this codec, as annotated. Raises WrongArguments."""
        ...

    def read_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        """Arguments as annotated, of which some may be in the form in which they travel. Raises InvalidArguments."""
        ...

    def encode_result(self, result: Any) -> Any:
        """A result as it travels. Raises NotEncodable."""
        ...

    def decode_result(self, result: Any) -> Any:
        """A result that travelled, as annotated. Raises Undecodable."""
        ...


def encode_arguments(conversion: Conversion | None, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Encoded:
    """Arguments as they travel. Raises InvalidArguments."""
    if conversion is None:
        return args, kwargs, None
    return (*conversion.encode_arguments(args, kwargs), conversion.codec)


def refuse_other_codec(name: str, found: str | None, wanted: str | None) -> None:
    """Raises WrongArguments if a task was encoded by another codec than the one of its handler."""
    if found != wanted:
        made = f"by the codec {found!r}" if found else "without a codec"
        has = f"has the codec {wanted!r}" if wanted else "has none"
        said = f"the arguments of {name} were encoded {made}, and the application of this worker {has}"
        raise WrongArguments(f"{said}; give producers and workers the same Scheduler(codec=...)")
