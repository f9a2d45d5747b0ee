"""Percent-encoding in URLs. The standard library's is in a package that opens URLs, which pure code may not import."""

import re

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


def decode(text: str) -> str | None:
    """The text with what is percent-encoded decoded, None if that is not UTF-8. A % that begins no escape stays."""
    try:
        return _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), text.encode()).decode()
    except UnicodeError:
        return None
