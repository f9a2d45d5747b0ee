"""Adds to every log record the task in whose handler it was made, whatever library makes the record.

An application can use `%(redisched_task)s`, `%(redisched_id)s` and `%(redisched_attempt)d` in its formats; outside of a
task they are empty and 0. The names are long, so that no `extra=` of an application uses the same: logging would raise.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from redisched.context import Running, running

TASK, ID, ATTEMPT = FIELDS = ("redisched_task", "redisched_id", "redisched_attempt")


class _NamingFactory:
    """Makes records with the factory that was set before, and adds the task."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *arguments: Any, **keywords: Any) -> logging.LogRecord:
        record = self._make(*arguments, **keywords)
        task = running.get()
        fields: dict[str, object] = {TASK: "", ID: "", ATTEMPT: 0}
        if task is not None:
            context = task.task_context()
            fields = {TASK: context.name, ID: context.id, ATTEMPT: context.attempt}
        record.__dict__.update(fields)
        return record


def name_tasks_in_records() -> None:
    """Add the task to all log records of this process from now on."""
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _NamingFactory):
        logging.setLogRecordFactory(_NamingFactory(factory))


@contextmanager
def concerning(task: Running) -> Iterator[None]:
    """Let the records that are made meanwhile belong to a task, though its handler does not run in this context."""
    token = running.set(task)
    try:
        yield
    finally:
        running.reset(token)
