"""The reasons of a task that waits."""

from redisched.counted import counted
from redisched.explain.cause import Cause
from redisched.explain.reason import Reason
from redisched.explain.task_facts import TaskFacts
from redisched.explain.wording import after_error, better_tasks, busy_slots, moment, more_workers, queue_of
from redisched.model import TaskState
from redisched.printable import printable


def _successor(facts: TaskFacts) -> str:
    holder = printable(facts.circumstances.key_holder) or "another task"
    return f"the task has the same unique key as {holder}, and follows it: it waits until that has ended"


def _expiring(facts: TaskFacts) -> str:
    expires = moment(facts, facts.view.expires_ms or 0)
    return f"no worker started the task before it expired, {expires}: the next look of a worker ends it"


def _over_deadline(facts: TaskFacts) -> str:
    deadline = moment(facts, facts.view.deadline_ms or 0)
    return f"the deadline of the task was {deadline}, so it gets no other attempt: the next look of a worker ends it"


def _due(facts: TaskFacts) -> str:
    return moment(facts, facts.view.run_at_ms or 0)


def _retrying(facts: TaskFacts) -> str:
    failed = counted(facts.view.attempts, "attempt")
    return f"the task has failed in {failed}{after_error(facts)}; the next attempt is due at {_due(facts)}"


def _scheduled(facts: TaskFacts) -> str:
    return f"the task is scheduled: it is due at {_due(facts)}"


def _behind(facts: TaskFacts) -> str:
    return f"the task is due, but {better_tasks(facts)} claimed first"


def _next(facts: TaskFacts) -> str:
    queue = queue_of(facts)
    return f"the task is due, and the next of queue {queue}: a worker with a free slot takes it"


def _busy(facts: TaskFacts) -> str:
    better = f", and {better_tasks(facts)} claimed first" if facts.circumstances.ahead else ""
    return f"the task is due, but {busy_slots(facts)}{better}"


IN_THE_WAY = (
    Cause(Reason.SUCCESSOR, lambda facts: facts.view.is_successor, _successor),
    Cause(Reason.EXPIRING, lambda facts: facts.is_over_expiry, _expiring),
    Cause(Reason.DEADLINE, lambda facts: facts.is_waiting and facts.is_over_deadline, _over_deadline),
    Cause(Reason.RETRYING, lambda facts: facts.view.state is TaskState.RETRYING, _retrying),
    Cause(
        Reason.SCHEDULED,
        lambda facts: facts.view.state is TaskState.SCHEDULED and not facts.is_put_off,
        _scheduled,
    ),
)
"""What comes before every reason that lies in the queue or its workers."""
IN_LINE = (
    Cause(Reason.BUSY, lambda facts: facts.is_waiting and facts.are_slots_busy, _busy, more_workers),
    Cause(Reason.BEHIND, lambda facts: facts.is_waiting and bool(facts.circumstances.ahead), _behind),
    Cause(Reason.NEXT, lambda facts: facts.is_waiting, _next),
)
"""What is left if nothing is in the way."""
