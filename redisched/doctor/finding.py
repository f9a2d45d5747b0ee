"""The result of a check by the doctor."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    """No problem was found."""
    WARNING = "warning"
    """No task is in danger, but something is wrong, or could not be checked."""
    DANGER = "danger"
    """Tasks can be lost, or can neither start nor end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: how serious it is, and a sentence that says what to do."""

    check: str
    level: Level
    sentence: str


def ok(check: str, sentence: str) -> Finding:
    """Return a finding that reports no problem."""
    return Finding(check, Level.OK, sentence)


def warning(check: str, sentence: str) -> Finding:
    """Return a finding about something that is wrong, or could not be checked."""
    return Finding(check, Level.WARNING, sentence)


def danger(check: str, sentence: str) -> Finding:
    """Return a finding about something through which tasks can be lost, or can neither start nor end."""
    return Finding(check, Level.DANGER, sentence)
