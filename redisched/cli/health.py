"""Whether a worker is healthy: the age of the file that its supervisor touches while Redis answers every process."""

import json
from dataclasses import dataclass
from pathlib import Path

LONGEST_AGE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a health file tells at one moment. `age_s` is None when there is no file.

    `seconds_since_contact` has the worker processes by name; empty when the file does not tell.
    """

    healthy: bool
    file: str
    age_s: float | None
    seconds_since_contact: dict[str, float]

    @property
    def sentence(self) -> str:
        """The same for people."""
        if self.age_s is None:
            return f"{self.file} is not there: no worker that writes it has been in contact with Redis"
        return f"{self.file} is {self.age_s:.1f} s old; up to {LONGEST_AGE_S:g} s is healthy"


def read_health(file: Path, now_s: float) -> Health:
    """The health at a moment of the wall clock. Raises OSError for a file that may not be read."""
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
