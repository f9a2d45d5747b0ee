"""A Redis-backed distributed priority scheduler.

The names below are loaded when first used, so that importing redisched costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redisched.client.around_enqueue import EnqueueContext
    from redisched.client.dead_tasks import DiscardOutcome, ReplayOutcome
    from redisched.client.deleting import DeleteOutcome
    from redisched.client.gathering import (
        Ended,
        as_completed,
        as_completed_async,
        gather,
        gather_async,
        gather_ended,
        gather_ended_async,
    )
    from redisched.client.handler import Handler
    from redisched.client.queue import Queue
    from redisched.client.reference import TaskRef
    from redisched.client.request import TaskRequest
    from redisched.client.scheduler import Scheduler
    from redisched.client.selection import Selection
    from redisched.client.verbs import CancelOutcome, ChangeOutcome
    from redisched.config import Durability
    from redisched.context import TaskContext, current_task
    from redisched.conversion.codec import Codec
    from redisched.errors import RedischedError
    from redisched.events import AttemptFailure, WorkerInfo
    from redisched.explain.explanation import Explanation
    from redisched.explain.reason import Reason
    from redisched.model import Delivery, Isolation, Keep, OnDuplicate, Priority, TaskState
    from redisched.progress import Progress
    from redisched.pulling.task_lease import TaskLease
    from redisched.queued_task import QueuedTask
    from redisched.resources import PROVIDED, Resource
    from redisched.retry import Reject, Retry, RetryLater, Snooze, exponential, fixed, linear, never

__version__ = "0.1.0"

_HOMES = {
    "AttemptFailure": "redisched.events",
    "CancelOutcome": "redisched.client.verbs",
    "ChangeOutcome": "redisched.client.verbs",
    "Codec": "redisched.conversion.codec",
    "DeleteOutcome": "redisched.client.deleting",
    "Delivery": "redisched.model",
    "DiscardOutcome": "redisched.client.dead_tasks",
    "Durability": "redisched.config",
    "Ended": "redisched.client.gathering",
    "EnqueueContext": "redisched.client.around_enqueue",
    "Explanation": "redisched.explain.explanation",
    "Handler": "redisched.client.handler",
    "Isolation": "redisched.model",
    "Keep": "redisched.model",
    "OnDuplicate": "redisched.model",
    "PROVIDED": "redisched.resources",
    "Priority": "redisched.model",
    "Progress": "redisched.progress",
    "Queue": "redisched.client.queue",
    "QueuedTask": "redisched.queued_task",
    "Reason": "redisched.explain.reason",
    "RedischedError": "redisched.errors",
    "Reject": "redisched.retry",
    "ReplayOutcome": "redisched.client.dead_tasks",
    "Resource": "redisched.resources",
    "Retry": "redisched.retry",
    "RetryLater": "redisched.retry",
    "Scheduler": "redisched.client.scheduler",
    "Selection": "redisched.client.selection",
    "Snooze": "redisched.retry",
    "TaskContext": "redisched.context",
    "TaskLease": "redisched.pulling.task_lease",
    "TaskRef": "redisched.client.reference",
    "TaskRequest": "redisched.client.request",
    "TaskState": "redisched.model",
    "WorkerInfo": "redisched.events",
    "as_completed": "redisched.client.gathering",
    "as_completed_async": "redisched.client.gathering",
    "current_task": "redisched.context",
    "exponential": "redisched.retry",
    "fixed": "redisched.retry",
    "gather": "redisched.client.gathering",
    "gather_async": "redisched.client.gathering",
    "gather_ended": "redisched.client.gathering",
    "gather_ended_async": "redisched.client.gathering",
    "linear": "redisched.retry",
    "never": "redisched.retry",
}

__all__ = [
    "AttemptFailure",
    "CancelOutcome",
    "ChangeOutcome",
    "Codec",
    "DeleteOutcome",
    "Delivery",
    "DiscardOutcome",
    "Durability",
    "Ended",
    "EnqueueContext",
    "Explanation",
    "Handler",
    "Isolation",
    "Keep",
    "OnDuplicate",
    "PROVIDED",
    "Priority",
    "Progress",
    "Queue",
    "QueuedTask",
    "Reason",
    "RedischedError",
    "Reject",
    "ReplayOutcome",
    "Resource",
    "Retry",
    "RetryLater",
    "Scheduler",
    "Selection",
    "Snooze",
    "TaskContext",
    "TaskLease",
    "TaskRef",
    "TaskRequest",
    "TaskState",
    "WorkerInfo",
    "__version__",
    "as_completed",
    "as_completed_async",
    "current_task",
    "exponential",
    "fixed",
    "gather",
    "gather_async",
    "gather_ended",
    "gather_ended_async",
    "linear",
    "never",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
