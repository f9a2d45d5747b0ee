"""Describes the machine of a measurement, because figures can only be understood together with it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The versions of the server and of Python, the number of cores, and the date."""

    server: str
    python: str
    cores: int
    date: str

    def __str__(self) -> str:
        return f"{self.server}, Python {self.python}, {self.cores} cores, {self.date}"
