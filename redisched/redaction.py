"""Keeps secrets in arguments and results from being shown: values are hidden by the names they have."""

import re
from collections.abc import Mapping
from typing import Any

from redisched.errors import InvalidOption

REDACTED = "[redacted]"
SECRET_NAMES = (
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "access_key",
    "private_key",
    "authorization",
    "credential",
    "cookie",
    "session_id",
)
"""A value is hidden if its name contains one of these, whatever its case and whether or not its words are joined by
`_` or `-`.
"""

_DEEPEST = 100
_JOINTS = re.compile(r"[^a-z0-9]")


class Redactor:
    """Hides values by their names. `names` are hidden besides SECRET_NAMES. Raises InvalidOption for a name that would
    hide everything.
    """

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        if not isinstance(names, tuple | list):
            raise InvalidOption("redact", names, "a tuple of names, such as ('iban',)")
        self._names = [_plain(name) for name in (*SECRET_NAMES, *names)]
        for name, plain in zip(names, self._names[len(SECRET_NAMES) :], strict=True):
            if not plain:
                raise InvalidOption("redact", name, "a name with letters or digits")

    def hides(self, name: str) -> bool:
        """Whether the value of this name is hidden."""
        plain = _plain(name)
        return any(secret in plain for secret in self._names)

    def value(self, value: Any, depth: int = _DEEPEST) -> Any:
        """The same value without secrets in it."""
        if depth == 0:
            return "..."
        if isinstance(value, Mapping):
            return {
                key: REDACTED if self.hides(_text(key)) else self.value(inner, depth - 1)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(inner, depth - 1) for inner in value]
        return value

    def record(self, record: Mapping[str, Any], *fields: str) -> dict[str, Any]:
        """The same record without secrets in these fields."""
        return {name: self.value(value) if name in fields else value for name, value in record.items()}


def _plain(name: str) -> str:
    return _JOINTS.sub("", name.lower())


def _text(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)


SECRETS = Redactor()
"""Hides what has one of SECRET_NAMES."""
