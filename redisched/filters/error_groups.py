"""Errors that differ only in numbers and ids are of one group, so that many dead tasks of one cause are one line."""

import re
from hashlib import blake2b

from redisched.model import Failure

LONGEST_ERROR = 300
"""The characters of an error that tell its group; the rest is often data."""
GROUP_DIGITS = 8
_VARIABLE = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<id>"),
    (re.compile(r"\b(?=[0-9a-zA-Z]*[0-9])(?=[0-9a-zA-Z]*[a-zA-Z])[0-9a-zA-Z]{12,}\b"), "<id>"),
    (re.compile(r"(?<![\w.])[+-]?\d+(?:[.,]\d+)*"), "<n>"),
    (re.compile(r"\d+"), "<n>"),
)
"""What is put in place of UUIDs, addresses, long mixes of letters and digits, and numbers, in this order."""


def general_error(error: str) -> str:
    """An error with its numbers and ids replaced by `<n>` and `<id>`, as one line."""
    text = " ".join(error[:LONGEST_ERROR].split())
    for pattern, place in _VARIABLE:
        text = pattern.sub(place, text)
    return text


def group_of(failure: Failure | None) -> str:
    """The group of a failure: a short digest of its handler and its general error. None is a failure that was lost."""
    parts = "" if failure is None else f"{failure.name}\0{general_error(failure.error)}"
    return blake2b(parts.encode(errors="surrogatepass"), digest_size=GROUP_DIGITS // 2).hexdigest()
