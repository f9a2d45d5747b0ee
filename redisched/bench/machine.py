"""Where something was measured: without it no figure says much."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The server, the interpreter, the number of cores, and the day."""

    server: str
    python: str
    cores: int
    date: str

    def __str__(self) -> str:
        return f"{self.server}, Python {self.python}, {self.cores} cores, {self.date}"
