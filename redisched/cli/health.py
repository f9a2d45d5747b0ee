"""Reads the health of a worker from the age of its health file.

The supervisor writes the file again and again, as long as Redis answers all its worker processes.
"""

import json
from dataclasses import dataclass
from pathlib import Path

LONGEST_AGE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The content and age of a health file at one moment. `age_s` is None if there is no file.

    `seconds_since_contact` maps the name of each worker process to seconds; empty if the file cannot be parsed.
    """

    healthy: bool
    file: str
    age_s: float | None
    seconds_since_contact: dict[str, float]

    @property
    def sentence(self) -> str:
        """The health as a sentence."""
        if self.age_s is None:
            return f"{self.file} does not exist: no worker that writes it has reached Redis"
        return f"{self.file} is {self.age_s:.1f} s old; up to {LONGEST_AGE_S:g} s is healthy"


def read_health(file: Path, now_s: float) -> Health:
    """Read a health file. `now_s` is the wall-clock time in seconds since 1970. Raises OSError if it cannot be read."""
    try:
        age_s = now_s - file.stat().st_mtime
        told = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Health(healthy=False, file=str(file), age_s=None, seconds_since_contact={})
    return Health(
        healthy=age_s <= LONGEST_AGE_S, file=str(file), age_s=round(age_s, 1), seconds_since_contact=_contacts(told)
    )


def _contacts(told: str) -> dict[str, float]:
    try:
        return {str(name): float(age_s) for name, age_s in json.loads(told)["seconds_since_contact"].items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}
