"""A codec of an application's own, in place of the forms of annotations."""

from typing import Any, Protocol, runtime_checkable

from redisched.errors import InvalidOption

_LONGEST_NAME = 100


@runtime_checkable
class Codec(Protocol):
    """How an application's arguments and results travel, instead of by annotation.

    Its producers and its workers need the same. `name` is stored with each task, and a worker whose codec has another
    name refuses the task; change it when the bytes change.
    """

    name: str
    """What is stored with each task: 1 to 100 printable characters."""

    def encode(self, value: Any, /) -> Any:
        """An argument or a result as what msgpack carries, such as bytes or a dict."""
        ...

    def decode(self, encoded: Any, annotation: Any, /) -> Any:
        """What was encoded, for an argument or a result with this annotation; Any if there is none."""
        ...


def check_codec(codec: object) -> Codec:
    """Raises InvalidOption for what is no codec."""
    if isinstance(codec, type) or not isinstance(codec, Codec):
        raise InvalidOption("codec", codec, "an object with a name, encode(value) and decode(encoded, annotation)")
    if not (isinstance(codec.name, str) and codec.name.isprintable() and 0 < len(codec.name) <= _LONGEST_NAME):
        raise InvalidOption("codec.name", codec.name, f"1 to {_LONGEST_NAME} printable characters")
    return codec
