"""Tests of one's own handlers: in the test's process, in virtual time, and through the codec as in production.

    with testing.worker(app) as w:
        reminder = send_reminder.options(delay=3600).enqueue(42)
        w.advance("1 hour")
        assert reminder.result() == "sent"

The names below are loaded when first used, so that pytest loads nothing of redisched in tests that do not use it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redisched.testing.assertions import assert_enqueued, assert_not_enqueued
    from redisched.testing.by_hand import ContextByHand, context
    from redisched.testing.failures import (
        FakeRedisMissing,
        NeverIdle,
        NothingDue,
        NoWorkerHere,
        WorkerEnded,
        WorkerInUse,
    )
    from redisched.testing.servers import Backend
    from redisched.testing.virtual_worker import VirtualWorker, worker

_HOMES = {
    "Backend": "servers",
    "ContextByHand": "by_hand",
    "FakeRedisMissing": "failures",
    "NeverIdle": "failures",
    "NoWorkerHere": "failures",
    "NothingDue": "failures",
    "VirtualWorker": "virtual_worker",
    "WorkerEnded": "failures",
    "WorkerInUse": "failures",
    "assert_enqueued": "assertions",
    "assert_not_enqueued": "assertions",
    "context": "by_hand",
    "worker": "virtual_worker",
}

__all__ = [
    "Backend",
    "ContextByHand",
    "FakeRedisMissing",
    "NeverIdle",
    "NoWorkerHere",
    "NothingDue",
    "VirtualWorker",
    "WorkerEnded",
    "WorkerInUse",
    "assert_enqueued",
    "assert_not_enqueued",
    "context",
    "worker",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
