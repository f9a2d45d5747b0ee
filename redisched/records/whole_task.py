"""A task as a record, with what its handlers have told, and why it does not run."""

from typing import Any

from redisched.explain.explanation import Explanation
from redisched.records.explanation import explanation_record
from redisched.records.queue import pause_record
from redisched.records.reported import log_records, progress_record
from redisched.records.task import task_record
from redisched.store.pausing import QueuePause
from redisched.store.reported import Reported
from redisched.store.view import TaskView


def whole_task_record(
    view: TaskView, reported: Reported, explanation: Explanation, pause: QueuePause | None
) -> dict[str, Any]:
    """Return everything known about a task. `pause` is that of its shard."""
    return {
        **task_record(view),
        "progress": progress_record(view, reported.progress),
        "log": log_records(reported.log),
        "log_dropped": reported.log.dropped,
        "explanation": explanation_record(explanation),
        **pause_record([pause], "queue_paused"),
    }
