"""The health file of a supervisor. It is written while every process gets answers from Redis, so its age tells the
health.
"""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from redisched.engine.logs import log
from redisched.engine.stall import Stall


class HealthFile:
    """A file that is written again and again. If it cannot be written, the error is logged once and nothing else
    happens.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._has_failed = False

    def write(self, seconds_since_contact: Mapping[str, float], stalled_s: Mapping[str, tuple[Stall, float]]) -> None:
        """Write how long ago Redis answered each process, and which make no progress, why and for how long; both by the
        name of the process. The file is replaced atomically.
        """
        stalled = {name: {"reason": stall.word, "seconds": seconds} for name, (stall, seconds) in stalled_s.items()}
        try:
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps({"seconds_since_contact": dict(seconds_since_contact), "stalled": stalled}))
            fresh.replace(self._path)
        except OSError as error:
            if not self._has_failed:
                log.error("the health file cannot be written: %s; trying again", error)
            self._has_failed = True
        else:
            self._has_failed = False

    def remove(self) -> None:
        """Delete the file: a supervisor that has ended is not healthy, and its file would look fresh for some
        seconds.
        """
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
