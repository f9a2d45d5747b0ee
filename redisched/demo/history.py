"""Reads the facts while handlers write them, and combines them into executions."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from redisched.demo.facts import PATTERN, FactType, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One call of a handler. `ended_ms` is None while it runs, and stays None if its process was killed."""

    task: str
    fence: int
    kind: Kind
    queue: str
    priority: int
    attempt: int
    worker: str
    run_at_ms: int
    started_ms: float
    ended_ms: float | None = None
    error: str = ""

    @property
    def succeeded(self) -> bool:
        return self.ended_ms is not None and not self.error

    @property
    def failed(self) -> bool:
        return self.ended_ms is not None and bool(self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """A task that was enqueued. `delayed`: it was not due at once."""

    id: str
    kind: Kind
    queue: str
    delayed: bool


class History:
    """All executions so far, in the order of their start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read_bytes: dict[Path, int] = {}
        self._executions: dict[tuple[str, int], Execution] = {}
        self.followers: dict[str, Enqueued] = {}
        """The tasks that handlers enqueued, by id."""

    @property
    def executions(self) -> list[Execution]:
        return sorted(self._executions.values(), key=lambda execution: execution.started_ms)

    def running(self) -> list[Execution]:
        """Executions that have not ended, including those of killed processes."""
        return [execution for execution in self._executions.values() if execution.ended_ms is None]

    def read(self) -> None:
        """Read the facts that were written since the last call."""
        for path in sorted(self._folder.glob(PATTERN)):
            with path.open("rb") as file:
                file.seek(self._read_bytes.get(path, 0))
                whole_lines, newline, _ = file.read().rpartition(b"\n")
            self._read_bytes[path] = self._read_bytes.get(path, 0) + len(whole_lines) + len(newline)
            for line in whole_lines.splitlines():
                self._absorb(json.loads(line))

    def _absorb(self, fields: dict[str, Any]) -> None:
        fact, at_ms = FactType(fields.pop("fact")), fields.pop("at_ms")
        if fact is FactType.STARTED:
            kind = Kind(fields.pop("kind"))
            execution = Execution(kind=kind, started_ms=at_ms, **fields)
            self._executions[execution.task, execution.fence] = execution
        elif fact is FactType.ENDED:
            key = fields["task"], fields["fence"]
            self._executions[key] = replace(self._executions[key], ended_ms=at_ms, error=fields["error"])
        else:
            task_id = fields["task"]
            kind = Kind(fields["kind"])
            self.followers[task_id] = Enqueued(id=task_id, kind=kind, queue=fields["queue"], delayed=True)
