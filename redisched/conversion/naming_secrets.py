"""Arguments whose names are those of secrets travel by name, so that whoever shows a task can hide them.

Only here are the names of parameters known: what reads a queue has no code of the application.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from redisched.conversion.conversion import Conversion, Given, refuse_other_codec
from redisched.redaction import SECRETS

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def naming_secrets(name: str, signature: inspect.Signature, conversion: Conversion | None) -> Conversion | None:
    """The same conversion for a producer, which sends what is given for a secret by its name, and what follows it. A
    parameter that takes no name stays as it is.
    """
    names = [one.name for one in signature.parameters.values() if one.kind in _BY_POSITION]
    for place, parameter in enumerate(signature.parameters.values()):
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and SECRETS.hides(parameter.name):
            return _NamingSecrets(name, names, place, conversion)
    return conversion


class _NamingSecrets:
    """A conversion with arguments from one place on sent by name. `inner` None: all else travels as it is."""

    def __init__(self, handler: str, names: Sequence[str], first: int, inner: Conversion | None) -> None:
        self.codec = None if inner is None else inner.codec
        self._handler = handler
        self._names = names
        self._first = first
        self._inner = inner

    def encode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        if self._inner is not None:
            args, kwargs = self._inner.encode_arguments(args, kwargs)
        # With more arguments than names the last ones can be given by position alone, and so can all before them.
        if not self._first < len(args) <= len(self._names):
            return args, kwargs
        named = dict(zip(self._names[self._first :], args[self._first :], strict=False))
        return args[: self._first], named | dict(kwargs)

    def decode_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any], codec: str | None) -> Given:
        if self._inner is not None:
            return self._inner.decode_arguments(args, kwargs, codec)
        refuse_other_codec(self._handler, codec, None)
        return args, kwargs

    def read_arguments(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Given:
        return (args, kwargs) if self._inner is None else self._inner.read_arguments(args, kwargs)

    def encode_result(self, result: Any) -> Any:
        return result if self._inner is None else self._inner.encode_result(result)

    def decode_result(self, result: Any) -> Any:
        return result if self._inner is None else self._inner.decode_result(result)
