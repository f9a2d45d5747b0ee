r"""Makes text safe to show on a terminal: it cannot move the cursor, ring the bell or reverse the direction of writing.

Names, arguments, errors and tracebacks come from Redis, where any program may have written them. Escape sequences,
control characters, bidirectional overrides and invisible characters are shown as escapes such as \x1b.
"""

import shlex

_FIRST_BYTE = 0xDC80
_BYTES = {chr(code) for code in range(_FIRST_BYTE, _FIRST_BYTE + 0x80)}
"""The characters by which `surrogateescape` represents bytes that are not valid text."""


def printable(text: str) -> str:
    """The text on one line. Characters that are not visible are shown as escapes."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def printable_lines(text: str) -> str:
    """The text with its line ends, and every other character as `printable` shows it."""
    return "\n".join(printable(line.removesuffix("\r")) for line in text.split("\n"))


def shell_word(text: str) -> str:
    """The text as one word of a command that is printed to be pasted into a shell, which runs and expands no part of
    it.
    """
    return shlex.quote(printable(text))


def shell_argument(text: str) -> str:
    """The text as the last argument of a command that is printed to be pasted, also if it begins as an option does."""
    return f"-- {shell_word(text)}" if text.startswith("-") else shell_word(text)


def is_sendable(text: str) -> bool:
    """Whether a text can be sent to Redis: it has no half of a surrogate pair, but those that stand for bytes."""
    try:
        text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def shortened(text: str, width: int) -> str:
    """The start of a printable text, at most so many characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def _escape(character: str) -> str:
    if character in _BYTES:
        return f"\\x{ord(character) - _FIRST_BYTE + 0x80:02x}"
    return character.encode("unicode_escape").decode("ascii")
