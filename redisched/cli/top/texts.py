"""Makes texts, numbers and times fit into a cell, whatever stands in Redis.

A terminal and this program have to agree on how wide a text is, or columns are out of line. So characters of which
terminals disagree about the width are shown as escapes, and writing from right to left is kept apart from its
neighbours.
"""

import unicodedata

from redisched.printable import printable

NOTHING = "-"
_UNSTEADY = (
    (0x1160, 0x11FF),  # parts of Korean syllables, which join the one before
    (0xD7B0, 0xD7FF),
    (0x115F, 0x115F),  # fillers, which are not seen
    (0x3164, 0x3164),
    (0xFFA0, 0xFFA0),
    (0xFE00, 0xFE0F),  # selectors of a variant, and parts of emoji
    (0x1F1E6, 0x1F1FF),
    (0x1F3FB, 0x1F3FF),
    (0xE0100, 0xE01EF),
)
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))
_POWERS = ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k"))


def steady(text: str) -> str:
    """The text on one line, without characters that are not seen or of which terminals disagree about the width."""
    shown = printable(text)
    if shown.isascii():
        return shown
    return "".join(_escape(one) if _is_unsteady(ord(one)) else one for one in shown)


def isolated(shown: str) -> str:
    """A steady text, so that a terminal which turns writing from right to left around turns nothing beside it."""
    if shown.isascii() or not any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in shown):
        return shown
    return f"{_ISOLATE}{shown}{_END_OF_ISOLATE}"


def compact(number: int) -> str:
    """A count in at most five characters: 9,999, 12.3k, 456k, 7.8M."""
    if number < 10_000:
        return f"{number:,}"
    power, letter = next((power, letter) for power, letter in _POWERS if number >= power)
    short = f"{number // (power // 10) / 10:.1f}{letter}"
    return short if len(short) <= 5 else f"{number // power}{letter}"


def coarse(milliseconds: float) -> str:
    """A duration in its largest unit: 850 ms, 4.2 s, 12 s, 5 min, 2 h."""
    if milliseconds < 1_000:
        return f"{max(0, round(milliseconds))} ms"
    if milliseconds < 10_000:
        return f"{int(milliseconds / 100) / 10:.1f} s"
    size, unit = next((size, unit) for size, unit in _UNITS if milliseconds >= size)
    return f"{int(milliseconds // size)} {unit}"


def rate(per_minute: float) -> str:
    """How many per minute, in at most five characters."""
    if per_minute == 0:
        return "0"
    return f"{per_minute:.1f}" if per_minute < 100 else compact(round(per_minute))


def sized(size_bytes: int) -> str:
    """A size of memory, as `redisched workers ls` says it."""
    return f"{size_bytes / 1e6:,.0f} MB" if size_bytes else NOTHING


def _is_unsteady(code: int) -> bool:
    return any(first <= code <= last for first, last in _UNSTEADY)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
