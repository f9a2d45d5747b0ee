"""What the handlers really did, one line of JSON per fact: the demo's summary is counted from nothing else.

Each process appends to a file of its own, every line in one write, so that what it did survives its kill.
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
    """Charges through a gateway that refuses and stalls."""
    MAIL = "mail"
    """Notifications over SMTP."""
    LOGS = "logs"
    """Slices of a package manager's log."""
    AGGREGATION = "aggregation"
    """Totals over what the others kept."""
    PERIODIC = "periodic"
    """Readings that enqueue the next one."""


class FactType(StrEnum):
    """What a fact is about."""

    STARTED = "started"
    ENDED = "ended"
    ENQUEUED = "enqueued"


@contextmanager
def recorded(kind: Kind) -> Iterator[None]:
    """Write down that the handler of the current task started, and how it ended. Lets its error through."""
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
    """Write down that a handler enqueued a task."""
    _write(FactType.ENQUEUED, task=task_id, kind=kind, queue=queue)


def now_ms() -> float:
    """The wall clock in milliseconds, which all processes of this machine and its server share."""
    return time.time_ns() / 1e6


def _write(fact: FactType, **fields: Any) -> None:
    folder = surroundings.folder()
    if folder is not None:
        _append(folder / f"facts-{os.getpid()}.jsonl", {"fact": fact, "at_ms": now_ms(), **fields})


def _append(path: Path, line: dict[str, Any]) -> None:
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps(line).encode() + b"\n")
