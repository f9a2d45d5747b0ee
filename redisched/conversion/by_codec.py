"""The conversion by a codec of the application."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redisched.conversion.codec import Codec
from redisched.conversion.conversion import Given, WrongArguments, refuse_other_codec
from redisched.conversion.parameters import Annotations, ByParameter, NotAType, by_parameter
from redisched.errors import InvalidArguments, NotEncodable, Undecodable
from redisched.redaction import REDACTED, SECRETS


class ByCodec:
    """Hands each value to the codec."""

    def __init__(self, name: str, codec: Codec, annotations: Annotations | None) -> None:
        """`annotations` are None for a handler that is not known here."""
        self.codec: str | None = codec.name
        self._name = name
        self._codec = codec
        self._annotations = annotations
        self._by_parameter: ByParameter[Any] | None = None
        self._result: Any = Any

    def encode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        positional, named = self._known().each(args, kwargs)
        return [self._encode_argument(name, value) for name, _, value in positional], {
            name: self._encode_argument(name, value) for name, _, value in named
        }

    def decode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any], codec: str | None) -> Given:
        refuse_other_codec(self._name, codec, self.codec)
        positional, named = self._known().each(args, kwargs)
        return [self._decode(*one) for one in positional], {one[0]: self._decode(*one) for one in named}

    def read_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        return args, kwargs

    def encode_result(self, result: Any) -> Any:
        return self._encode(NotEncodable, f"result of {self._name}", result)

    def decode_result(self, result: Any) -> Any:
        self._known()
        try:
            return self._codec.decode(result, self._result)
        except Exception as error:
            said = f"the result of {self._name} cannot be decoded by the codec {self.codec!r}"
            raise Undecodable(f"{said}: {type(error).__name__}: {error}") from error

    def _encode_argument(self, parameter: str, value: Any) -> Any:
        if not SECRETS.hides(parameter):
            return self._encode(InvalidArguments, f"{parameter} of {self._name}", value)
        try:
            return self._codec.encode(value)
        except Exception as error:
            # Its text may hold the value.
            said = f"something that the codec {self.codec!r} can encode; it raised {type(error).__name__}"
            raise InvalidArguments(f"{parameter} of {self._name}", REDACTED, said) from None

    def _encode(self, kind: type[InvalidArguments] | type[NotEncodable], what: str, value: Any) -> Any:
        try:
            return self._codec.encode(value)
        except Exception as error:
            said = f"something that the codec {self.codec!r} can encode; it raised {type(error).__name__}: {error}"
            raise kind(what, value, said) from error

    def _decode(self, parameter: str, annotation: Any, value: Any) -> Any:
        try:
            return self._codec.decode(value, annotation)
        except Exception as error:
            said = f"argument {parameter} of {self._name} cannot be decoded by the codec {self.codec!r}"
            raise WrongArguments(f"{said}: {type(error).__name__}: {error}") from error

    def _known(self) -> ByParameter[Any]:
        """The annotations, looked up at their first use, when all that they name is defined."""
        if self._by_parameter is None:
            annotations = self._annotations
            if annotations is None:
                self._by_parameter = ByParameter((), ("args", Any), {}, Any)
            else:
                self._result = _or_any(annotations.of_result)
                known_of = lambda parameter: _or_any(lambda: annotations.of(parameter.annotation))  # noqa: E731
                self._by_parameter = by_parameter(annotations.of_each(), known_of, Any)
        return self._by_parameter


def _or_any(annotation_of: Callable[[], Any]) -> Any:
    try:
        return annotation_of()
    except (NameError, NotAType):
        return Any
