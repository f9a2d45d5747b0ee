"""What a worker stores of what a handler has told."""

from typing import NamedTuple


class Report(NamedTuple):
    """What the handler of a task has told since the last report. `number` lines were sent before these under this
    token; `progress` is empty if there is nothing new, and `version` counts how often it was told.
    """

    id: str
    token: int
    number: int
    version: int
    progress: bytes
    lines: bytes
