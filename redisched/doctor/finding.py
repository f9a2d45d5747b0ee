"""What the doctor says."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    """As it should be."""
    WARNING = "warning"
    """Tasks are kept, but something is amiss, or cannot be seen."""
    DANGER = "danger"
    """Tasks can be lost, or cannot move."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and a sentence that says what to do about it."""

    check: str
    level: Level
    sentence: str


def ok(check: str, sentence: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Level.OK, sentence)


def warning(check: str, sentence: str) -> Finding:
    """It is amiss, or cannot be seen."""
    return Finding(check, Level.WARNING, sentence)


def danger(check: str, sentence: str) -> Finding:
    """Tasks can be lost, or cannot move."""
    return Finding(check, Level.DANGER, sentence)
