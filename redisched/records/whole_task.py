"""A task with what its handlers have told and why it does not run: read, and as a record."""

from typing import Any, NamedTuple

from redisched.explain.explanation import Explanation
from redisched.explain.reading import explained
from redisched.records.explanation import explanation_record
from redisched.records.queue import pause_record
from redisched.records.reported import log_records, progress_record
from redisched.records.task import task_record
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.pausing import QueuePause
from redisched.store.reported import Reported, read_report
from redisched.store.view import TaskView


class WholeTask(NamedTuple):
    """Everything known about a task. `pause` is that of its shard."""

    view: TaskView
    reported: Reported
    explanation: Explanation
    pause: QueuePause | None


def read_whole_task(script_runner: ScriptRunner, view: TaskView) -> Operation[WholeTask]:
    """Read what is known besides of a task that was found just now."""
    reported = yield from read_report(script_runner, view.queue, view.shard, view.id)
    explanation = yield from explained(script_runner, view)
    pause = yield from Inspector(script_runner, view.queue).shard(view.shard).pause()
    return WholeTask(view, reported, explanation, pause)


def whole_task_record(task: WholeTask) -> dict[str, Any]:
    """Return everything known about a task as a record."""
    view, reported, explanation, pause = task
    return {
        **task_record(view),
        "progress": progress_record(view, reported.progress),
        "log": log_records(reported.log),
        "log_dropped": reported.log.dropped,
        "explanation": explanation_record(explanation),
        **pause_record([pause], "queue_paused"),
    }
