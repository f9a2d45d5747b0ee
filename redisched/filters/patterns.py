"""Values of a filter that a text is held against: the text itself, or a pattern with `*` and `?`."""

import fnmatch
import re
from dataclasses import dataclass
from typing import Protocol

from redisched.filters.words import Value


class TextPattern(Protocol):
    """What a text is held against."""

    def takes(self, text: str) -> bool:
        """Whether the text matches as a whole."""
        ...


@dataclass(frozen=True, slots=True)
class ExactText:
    """Matches one text."""

    text: str

    def takes(self, text: str) -> bool:
        return text == self.text


@dataclass(frozen=True, slots=True)
class Glob:
    """Matches texts by a pattern: `*` stands for any characters, `?` for one."""

    pattern: re.Pattern[str]

    def takes(self, text: str) -> bool:
        return self.pattern.match(text) is not None


def pattern_of(value: Value) -> TextPattern:
    """The pattern that a value stands for. A value in quotes stands for itself."""
    if value.is_quoted or not ("*" in value.text or "?" in value.text):
        return ExactText(value.text)
    # Brackets have no meaning of their own here. The expressions that fnmatch makes never search twice for one star.
    return Glob(re.compile(fnmatch.translate(value.text.replace("[", "[[]"))))
