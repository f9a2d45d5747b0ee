"""Percent-decoding for URLs. The standard library has it in a package that opens URLs, which modules without I/O may
not import.
"""

import re

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


def decode(text: str) -> str | None:
    """Decode percent-encoded text; None if the result is not UTF-8. A % that does not begin an escape is kept."""
    try:
        return _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), text.encode()).decode()
    except UnicodeError:
        return None
