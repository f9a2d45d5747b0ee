"""How far a handler has come and what it logged: the values, their limits, and how they are stored."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from redisched.option_checks import LARGEST_TOTAL, check_progress
from redisched.packing import pack_own, unpack

MOST_LINES = 200
MOST_BYTES = 16_384
"""A log has at most so many lines and bytes; scripts/lib/reports.lua drops the oldest."""
LINE_CHARACTERS = 2_000
NOTE_CHARACTERS = 200
"""Longer lines and notes are cut off."""

_LINE = re.compile(rb"(\d{1,9}) (\d{1,16}) (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the handler of a task has come: `done` of `total`, in any unit.

    `attempt` reported it at `at_ms`; `began_done` and `began_ms` are of its first report with this total. Times are the
    server's, in milliseconds.
    """

    done: float
    total: float
    note: str = ""
    attempt: int = 1
    at_ms: int = 0
    began_done: float = 0
    began_ms: int = 0

    @property
    def fraction(self) -> float:
        """What part is done, from 0.0 to 1.0."""
        return self.done / self.total

    def left_s(self, now_ms: int) -> float | None:
        """For how many seconds the handler will go on if it keeps its pace. None if its pace is not known yet, or if it
        is slower by now than it was.
        """
        done, took_ms = self.done - self.began_done, self.at_ms - self.began_ms
        if self.done == self.total:
            return 0.0
        if done <= 0 or took_ms <= 0:
            return None
        left_ms = (self.total - self.done) * took_ms / done - max(now_ms - self.at_ms, 0)
        return left_ms / 1e3 if left_ms > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line that a handler logged. Lines of a task are numbered from 1; `at_ms` is the server's time."""

    number: int
    attempt: int
    at_ms: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The newest lines that handlers of a task logged, oldest first. `dropped` lines before them are not kept."""

    lines: tuple[LogLine, ...] = ()
    dropped: int = 0


def encode_progress(progress: Progress) -> bytes:
    """Encode a progress."""
    note = _clean(progress.note, NOTE_CHARACTERS).decode()
    times = (progress.attempt, progress.at_ms, progress.began_done, progress.began_ms)
    return pack_own([progress.done, progress.total, note, *times])


def decode_progress(encoded: bytes) -> Progress | None:
    """Decode a progress; None for bytes that are none."""
    try:
        done, total, note, attempt, at_ms, began_done, began_ms = unpack(encoded)
        check_progress(done, total, note)
        check_progress(began_done, LARGEST_TOTAL, "")
    except (ValueError, TypeError):
        return None
    if not all(type(whole) is int and 0 <= whole < LARGEST_TOTAL for whole in (attempt, at_ms, began_ms)):
        return None
    return Progress(
        done=done,
        total=total,
        note=note,
        attempt=attempt,
        at_ms=at_ms,
        began_done=began_done,
        began_ms=began_ms,
    )


def encode_lines(text: str, attempt: int, at_ms: int) -> Iterator[bytes]:
    """Encode each line of a text, with a line feed at its end."""
    for line in text.splitlines() or [""]:
        yield b"%d %d %b\n" % (attempt, at_ms, _clean(line, LINE_CHARACTERS))


def decode_lines(encoded: bytes, first: int) -> Iterator[LogLine]:
    """Decode lines, of which the first has this number. Lines of another program have attempt 0 and time 0."""
    for number, line in enumerate(encoded.split(b"\n")[:-1], first):
        found = _LINE.fullmatch(line)
        attempt, at_ms, text = found.groups() if found else (0, 0, line)
        yield LogLine(number=number, attempt=int(attempt), at_ms=int(at_ms), text=text.decode("utf-8", "replace"))


def _clean(text: str, characters: int) -> bytes:
    """The text as UTF-8, cut off after so many characters. Half of a surrogate pair becomes a question mark."""
    cut = text if len(text) <= characters else text[: characters - 1] + "…"
    return cut.encode("utf-8", "replace")
