"""The health file of a fleet: its age tells whether every process is in contact with Redis."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from redisched.engine.logs import log


class HealthFile:
    """Written anew again and again. What keeps it from being written is said once, and ends nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._has_failed = False

    def write(self, seconds_since_contact: Mapping[str, float]) -> None:
        """Say how long ago Redis answered each process, by its name. Readers see the old content or the new."""
        try:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps({"seconds_since_contact": dict(seconds_since_contact)}))
            fresh.replace(self._path)
        except OSError as error:
            if not self._has_failed:
                log.error("the health file cannot be written: %s; trying again", error)
            self._has_failed = True
        else:
            self._has_failed = False

    def remove(self) -> None:
        """Nobody is healthy who has ended; a file that is left grows old only after some seconds."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
