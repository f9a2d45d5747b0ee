"""The reasons of a task that a worker has."""

from redisched.explain.cause import Cause
from redisched.explain.reason import Reason
from redisched.explain.task_facts import TaskFacts
from redisched.explain.wording import moment, since, worker_of
from redisched.model import TaskState


def _lease_over(facts: TaskFacts) -> str:
    return (
        f"{worker_of(facts)} had the task and has not renewed its lease, which ended"
        f"{since(facts, facts.view.lease_until_ms)}: another worker takes it back"
    )


def _cancelling(facts: TaskFacts) -> str:
    began = f", where it began{since(facts, facts.view.started_ms)}" if facts.view.started_ms else ""
    return f"the task is cancelled: {worker_of(facts)} has it{began}, and is told within a second to stop it"


def _running(facts: TaskFacts) -> str:
    began = since(facts, facts.view.started_ms)
    return f"the task runs: {worker_of(facts)} began it{began}, as attempt {facts.view.attempts + 1}"


def _leased(facts: TaskFacts) -> str:
    lease = moment(facts, facts.view.lease_until_ms or 0)
    claimed = since(facts, facts.view.claimed_ms)
    held = f"claimed the task{claimed} and has it" if claimed else "has the task"
    return f"{worker_of(facts)} {held} leased until {lease}, and starts it when a slot is free"


HELD = (
    Cause(Reason.LEASE_OVER, lambda facts: facts.is_lease_over, _lease_over),
    Cause(
        Reason.CANCELLING,
        lambda facts: facts.view.cancel_requested and facts.view.state in (TaskState.LEASED, TaskState.RUNNING),
        _cancelling,
    ),
    Cause(Reason.RUNNING, lambda facts: facts.view.state is TaskState.RUNNING, _running),
    Cause(Reason.LEASED, lambda facts: facts.view.state is TaskState.LEASED, _leased),
)
