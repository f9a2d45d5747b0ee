"""Spreads the starts of many tasks evenly over some time, so that they do not all fall due at once."""

import re
from collections.abc import Iterable

from redisched.client.request import TaskRequest
from redisched.client.sender import checked
from redisched.errors import InvalidOption
from redisched.option_checks import check_span
from redisched.store.values import NewTask

_LIMITS = re.compile(rb"(?:deadline=([+@])(\d+) )?(?:expires=([+@])(\d+) )?")


def spread_out(requests: Iterable[TaskRequest], spread: object) -> list[TaskRequest]:
    """The same requests in the same order, each with a later time than the one before: of n tasks, the time of each is
    put off by one n-th of `spread` more than that of the one before, and that of the first not at all.

    Raises InvalidOption for a bad duration, and for a task that would expire, or pass its deadline, before its
    new time.
    """
    spread_ms, kept = check_span("spread", spread), checked(requests)
    return [
        request._replace(task=_put_off(request.task, at * spread_ms // len(kept), spread))
        for at, request in enumerate(kept)
    ]


def _put_off(task: NewTask, by_ms: int, spread: object) -> NewTask:
    base, moment_ms = task.when[0], int(task.when[1:]) + by_ms
    limits = _LIMITS.match(task.traits)
    for group, passed in ((1, "would pass its deadline"), (3, "would expire")):
        if limits and limits[group] == base.encode() and int(limits[group + 1]) <= moment_ms:
            raise InvalidOption("spread", spread, f"shorter, as task {task.id} {passed} before its new time")
    return task._replace(when=f"{base}{moment_ms}")
