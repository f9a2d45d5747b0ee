"""The parameters of requests: each is declared once, for the check and for the OpenAPI document."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from redisched.errors import InvalidOption
from redisched.web.problems import bad_request

_WHOLE = re.compile(r"-?[0-9]{1,15}")
QUEUE_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
ID_PATTERN = "^[!-~]{1,200}$"
PLACE_PATTERN = "^(due|later|leased|dead|ended):-?[0-9]{1,16}(:[!-~]{1,200}|=([0-9a-f]{2})*)$"


class Where(StrEnum):
    """Where in a request a parameter stands."""

    QUERY = "query"
    PATH = "path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter. `read` converts its text, given its name for the error."""

    name: str
    description: str
    schema: Mapping[str, Any]
    read: Callable[[str, str], Any]
    where: Where = Where.QUERY
    default: Any = None

    @property
    def openapi(self) -> dict[str, Any]:
        """It in the OpenAPI document."""
        schema = dict(self.schema) if self.default is None else {**self.schema, "default": self.default}
        return {
            "name": self.name,
            "in": self.where.value,
            "description": self.description,
            "required": self.where is Where.PATH,
            "schema": schema,
        }

    def value(self, texts: Sequence[str]) -> Any:
        """The value, given every text that a request has for it. Raises Problem."""
        if not texts:
            return self.default
        if len(texts) > 1:
            raise bad_request("invalid", f"{self.name} is given {len(texts)} times")
        try:
            return self.read(self.name, texts[0])
        except InvalidOption as error:
            raise bad_request("invalid", str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters of one endpoint."""

    known: Sequence[Parameter] = field(default=())

    def read(self, query: str, path: Mapping[str, str]) -> dict[str, Any]:
        """Their values in a request. Raises Problem for one that is unknown or has a wrong value."""
        given: dict[str, list[str]] = {name: [text] for name, text in path.items()}
        try:
            pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError:
            raise bad_request("invalid", "the query is not UTF-8 in percent encoding, or has over 100 parts") from None
        names = sorted(parameter.name for parameter in self.known if parameter.where is Where.QUERY)
        for name, text in pairs:
            if name not in names:
                known = ", ".join(names) or "none"
                raise bad_request("unknown_parameter", f"there is no parameter {name!r} here; there are: {known}")
            given.setdefault(name, []).append(text)
        return {parameter.name: parameter.value(given.get(parameter.name, [])) for parameter in self.known}


def whole(name: str, description: str, lowest: int, highest: int, default: int | None = None) -> Parameter:
    """A whole number within bounds."""

    def read(option: str, text: str) -> int:
        if _WHOLE.fullmatch(text) is None or not lowest <= int(text) <= highest:
            raise InvalidOption(option, text, f"a whole number from {lowest} to {highest}")
        return int(text)

    schema = {"type": "integer", "minimum": lowest, "maximum": highest}
    return Parameter(name=name, description=description, schema=schema, read=read, default=default)


def matching(
    name: str,
    description: str,
    pattern: str,
    check: Callable[[str, str], Any] | None = None,
    where: Where = Where.QUERY,
) -> Parameter:
    """A text of a given form, which `check` converts; without one it is held against the pattern."""

    def read(option: str, text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise InvalidOption(option, text, f"a text of the form {pattern}")
        return text

    schema = {"type": "string", "pattern": pattern}
    return Parameter(name=name, description=description, schema=schema, read=check or read, where=where)
