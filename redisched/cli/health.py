"""Reads the health of a worker from its health file: from its age, and from what it says about progress.

The supervisor writes the file again and again, as long as Redis answers all its worker processes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redisched.engine.stall import SENTENCES

LONGEST_AGE_S = 10.0
_BY_WORD = {stall.word: sentence for stall, sentence in SENTENCES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StalledProcess:
    """A worker process that makes no progress: why, in a word and in a sentence, and for how many seconds."""

    reason: str
    seconds: float
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The content and age of a health file at one moment. `age_s` is None if there is no file.

    `seconds_since_contact` maps the name of each worker process to seconds, and `stalled` the names of those that make
    no progress to the reason; both are empty if the file cannot be parsed.
    """

    healthy: bool
    file: str
    age_s: float | None
    seconds_since_contact: dict[str, float]
    stalled: dict[str, StalledProcess]

    @property
    def sentences(self) -> list[str]:
        """The health in sentences."""
        if self.age_s is None:
            return [f"{self.file} does not exist: no worker that writes it has reached Redis"]
        return [
            f"{self.file} is {self.age_s:.1f} s old; up to {LONGEST_AGE_S:g} s is healthy",
            *(
                f"worker {name} has made no progress for {one.seconds:.0f} s: {one.sentence}"
                for name, one in sorted(self.stalled.items())
            ),
        ]


def read_health(file: Path, now_s: float) -> Health:
    """Read a health file. `now_s` is the wall-clock time in seconds since 1970. Raises OSError if it cannot be read."""
    try:
        age_s = now_s - file.stat().st_mtime
        told = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Health(healthy=False, file=str(file), age_s=None, seconds_since_contact={}, stalled={})
    stalled = _stalled(told)
    return Health(
        healthy=age_s <= LONGEST_AGE_S and not stalled,
        file=str(file),
        age_s=round(age_s, 1),
        seconds_since_contact=_contacts(told),
        stalled=stalled,
    )


def _contacts(told: str) -> dict[str, float]:
    try:
        return {str(name): float(age_s) for name, age_s in json.loads(told)["seconds_since_contact"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def _stalled(told: str) -> dict[str, StalledProcess]:
    try:
        return {str(name): _stalled_process(one) for name, one in json.loads(told)["stalled"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def _stalled_process(one: Any) -> StalledProcess:
    reason = str(one["reason"])
    sentence = _BY_WORD.get(reason, f"{reason}, which only another version of redisched knows")
    return StalledProcess(reason=reason, seconds=float(one["seconds"]), sentence=sentence)
