"""Records of what the handlers really did, one line of JSON per fact. The demo's summary is computed from them.

Each process appends to its own file, each line with a single write, so that its facts are kept when it is killed.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from redisched.context import current_task
from redisched.demo import surroundings

PATTERN = "facts-*.jsonl"


class Kind(StrEnum):
    """The kinds of job the demo runs."""

    BACKGROUND = "background"
    """Checksums of real files."""
    PAYMENTS = "payments"
    """Charges through a gateway that sometimes refuses or answers too late."""
    MAIL = "mail"
    """Notifications over SMTP."""
    LOGS = "logs"
    """Slices of a package manager's log."""
    AGGREGATION = "aggregation"
    """Totals of the results that the other jobs stored."""
    PERIODIC = "periodic"
    """Readings, each of which enqueues the next one."""


class FactType(StrEnum):
    """The type of a fact."""

    STARTED = "started"
    ENDED = "ended"
    ENQUEUED = "enqueued"


@contextmanager
def recorded(kind: Kind) -> Iterator[None]:
    """Record that the handler of the current task started, and how it ended. Its error is raised again."""
    task = current_task()
    _write(
        FactType.STARTED,
        task=task.id,
        fence=task.fence,
        kind=kind,
        queue=task.queue,
        priority=task.priority,
        attempt=task.attempt,
        worker=task.worker,
        run_at_ms=task.run_at_ms,
    )
    error = ""
    try:
        yield
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        _write(FactType.ENDED, task=task.id, fence=task.fence, error=error)


def record_enqueued(kind: Kind, task_id: str, queue: str) -> None:
    """Record that a handler enqueued a task."""
    _write(FactType.ENQUEUED, task=task_id, kind=kind, queue=queue)


def now_ms() -> float:
    """The time of day in milliseconds. All processes of this machine, including the server, have the same clock."""
    return time.time_ns() / 1e6


def _write(fact: FactType, **fields: Any) -> None:
    folder = surroundings.folder()
    if folder is not None:
        _append(folder / f"facts-{os.getpid()}.jsonl", {"fact": fact, "at_ms": now_ms(), **fields})


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps(line).encode() + b"\n")
