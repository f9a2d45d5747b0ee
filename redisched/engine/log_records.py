"""Log records bear the task within whose handler they were made, whoever makes them.

For formats of an application's own: `%(redisched_task)s`, `%(redisched_id)s` and `%(redisched_attempt)d`; empty and 0
outside of a task. The names are long so that no `extra=` of a program has the same, which logging would refuse.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from redisched.context import Running, running

TASK, ID, ATTEMPT = FIELDS = ("redisched_task", "redisched_id", "redisched_attempt")


class _NamingFactory:
    """Makes records as the factory before it does, and adds the task."""

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
    """From now on, records of this process bear their task."""
    factory = logging.getLogRecordFactory()
    if not isinstance(factory, _NamingFactory):
        logging.setLogRecordFactory(_NamingFactory(factory))


@contextmanager
def concerning(task: Running) -> Iterator[None]:
    """Records that are made meanwhile belong to a task, though its handler does not run here."""
    token = running.set(task)
    try:
        yield
    finally:
        running.reset(token)
