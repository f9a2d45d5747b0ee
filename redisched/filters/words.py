"""Splits the text of a filter into its terms, such as `-state:dead` or `error:"connection refused"`.

A term is a word, or a field with a value after a colon. Quotes hold spaces, and take the special meaning of `*`,
`?` and `,` away. A minus before a term turns it around.
"""

import re
from typing import NamedTuple

from redisched.errors import InvalidFilter
from redisched.printable import is_sendable

LONGEST = 4_000
"""The most characters of a filter."""
_FIELD = re.compile(r"[^\W\d][\w.-]*:")
_BARE = re.compile(r"\S+")
_SPACES = re.compile(r"\s*")


class Value(NamedTuple):
    """A value, with the quotes taken off."""

    text: str
    is_quoted: bool


class RawTerm(NamedTuple):
    """A term as it was written. `field` is "" for a word."""

    text: str
    field: str
    value: Value
    is_negated: bool


def terms_in(text: object) -> list[RawTerm]:
    """The terms of a filter. Raises InvalidFilter if quotes are not in order or the text is too long."""
    if not isinstance(text, str):
        raise InvalidFilter(text, "a text such as 'state:dead name:send_*'")
    if len(text) > LONGEST:
        raise InvalidFilter(text, f"a filter has at most {LONGEST:,} characters")
    if not is_sendable(text):
        raise InvalidFilter(text, "a text; half of a surrogate pair, as \\ud800, is no character")
    found: list[RawTerm] = []
    at = _after_spaces(text, 0)
    while at < len(text):
        term, at = _term(text, at)
        found.append(term)
        at = _after_spaces(text, at)
    return found


def _term(text: str, start: int) -> tuple[RawTerm, int]:
    is_negated = text[start] == "-" and text[start + 1 : start + 2].strip() != ""
    at = start + is_negated
    named = _FIELD.match(text, at)
    field = "" if named is None else named[0][:-1]
    value, end = _value(text, at if named is None else named.end(), start)
    return RawTerm(text[start:end], field, value, is_negated), end


def _value(text: str, at: int, start: int) -> tuple[Value, int]:
    if text[at : at + 1] == '"':
        quoted, end = _quoted(text, at, start)
        if text[end : end + 1].strip():
            part = text[start:end] + (_BARE.match(text, end) or "")[0]
            raise InvalidFilter(part, "the closing quote is followed by a space, or by nothing")
        return Value(quoted, True), end
    bare = _BARE.match(text, at)
    return (Value("", False), at) if bare is None else (Value(bare[0], False), bare.end())


def _quoted(text: str, opening: int, start: int) -> tuple[str, int]:
    """The text between two quotes, and the place after the closing one."""
    characters: list[str] = []
    at = opening + 1
    while at < len(text):
        character, following = text[at], text[at + 1 : at + 2]
        if character == '"':
            return "".join(characters), at + 1
        if character == "\\" and following in ('"', "\\"):
            characters.append(following)
            at += 2
        else:
            characters.append(character)
            at += 1
    raise InvalidFilter(text[start:], 'the quote is not closed; a quote inside of quotes is written as \\"')


def _after_spaces(text: str, at: int) -> int:
    found = _SPACES.match(text, at)
    return at if found is None else found.end()
