"""What could be known of a task, for the tests of the table of reasons."""

from typing import Any

from redisched.explain.task_facts import TaskFacts
from redisched.model import Failure, Outcome, TaskBody, TaskState
from redisched.store.circumstances import Circumstances
from redisched.store.pausing import QueuePause
from redisched.store.presence import Deployment
from redisched.store.roster import LiveDeployments
from redisched.store.slot_use import QueueSlots
from redisched.store.view import TaskView

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
KNOWS_ALL = Deployment(queues=("mail",), handlers=("send",), codec="json 1")
PAUSE = QueuePause(since_ms=NOW_MS - 5_000, until_ms=None, by="ann@desk")
ERROR = Failure(name="send", error="ValueError: no\nsecond line", attempt=2, worker="w1")
OF_DEADLINE = Failure(
    name="send",
    error="late",
    attempt=0,
    worker="w1",
    reason="out of time for another attempt",
    failed_ms=NOW_MS - 5_000,
)


def task(state: TaskState = TaskState.READY, **fields: Any) -> TaskView:
    """A task of the queue mail."""
    usual: dict[str, Any] = {"body": TaskBody("send"), "priority": 5, "run_at_ms": NOW_MS - 1_000}
    return TaskView(id="a", queue="mail", state=state, now_ms=NOW_MS, **(usual | fields))


def facts(
    view: TaskView,
    *deployments: Deployment,
    is_complete: bool = True,
    quiet: tuple[Deployment, ...] = (),
    slots: QueueSlots | None = None,
    **circumstances: Any,
) -> TaskFacts:
    """What is known of it; a worker that knows everything lives if no other deployment is given."""
    given = {"is_served": True} | circumstances
    return TaskFacts(
        Circumstances(view=view, **given), LiveDeployments(deployments or (KNOWS_ALL,), is_complete, quiet), slots
    )


def unserved(view: TaskView, **circumstances: Any) -> TaskFacts:
    """What is known of it while no worker lives."""
    return TaskFacts(Circumstances(view=view, **circumstances))


def ended(state: TaskState) -> TaskView:
    """A task that ended 5 s ago."""
    outcome = Outcome(state, "send", attempt=1, worker="w1", started_ms=NOW_MS - 6_000, ended_ms=NOW_MS - 5_000)
    return task(state, outcome=outcome, worker="w1", started_ms=NOW_MS - 6_000, body=None)
