"""A peer's processes: one that measures and prints what it found, and one that works meanwhile."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from docs.performance.peers.catalogue import RUNNERS, Entry
from docs.performance.peers.runners.stage import STARTS_VARIABLE, URL_VARIABLE
from redisched.bench.workbench import MeasurementFailed

_TIMEOUT_S = 300.0
_ENDING_S = 1.0
_SAID_LINES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A peer with its interpreter, the Redis, and the file in which its handlers tell that they started."""

    entry: Entry
    interpreter: Path
    url: str
    starts: Path

    def measure(self, command: str, *numbers: int) -> float | list[float]:
        """What a measuring process found. Raises MeasurementFailed."""
        try:
            finished = subprocess.run(
                self._command(command, *numbers),
                cwd=RUNNERS,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MeasurementFailed(f"{self.entry.title}: {command} took more than {_TIMEOUT_S:g} s") from error
        if finished.returncode != 0:
            said = " / ".join(finished.stderr.splitlines()[-_SAID_LINES:])
            raise MeasurementFailed(f"{self.entry.title}: {command} ended with exit code {finished.returncode}: {said}")
        found: float | list[float] = json.loads(finished.stdout.splitlines()[-1])
        return found

    @contextmanager
    def worker(self) -> Iterator[None]:
        """One worker process meanwhile, killed at the end with whatever it started.

        It holds the other end of a pipe, and kills itself when that is closed, so that it never outlives this process.
        """
        log = self.starts.with_suffix(".log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._command("work"),
                cwd=RUNNERS,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield
        except MeasurementFailed as error:
            # A worker that is about to end may be the reason.
            with suppress(subprocess.TimeoutExpired):
                process.wait(_ENDING_S)
            if process.returncode is None:
                raise
            said = " / ".join(log.read_text(errors="replace").splitlines()[-_SAID_LINES:])
            raise MeasurementFailed(f"the worker of {self.entry.title} ended: {said}") from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, SIGKILL)
            process.communicate()

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, URL_VARIABLE: self.url, STARTS_VARIABLE: str(self.starts)}

    def _command(self, command: str, *numbers: int) -> list[str]:
        return [str(self.interpreter), str(self.entry.runner), command, *map(str, numbers)]
