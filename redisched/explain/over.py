"""The reasons of a task that has ended, is dead, or is unknown."""

from collections.abc import Callable

from redisched.explain.cause import Cause
from redisched.explain.reason import Reason
from redisched.explain.task_facts import TaskFacts
from redisched.explain.wording import after_error, moment, since
from redisched.filters.parsing import is_term, term_of_id
from redisched.model import TaskState
from redisched.printable import printable, shell_argument, shell_word


def _in_state(state: TaskState) -> Callable[[TaskFacts], bool]:
    return lambda facts: facts.view.state is state


def _unknown(facts: TaskFacts) -> str:
    if facts.view.undecodable:
        return f"the task has ended, but nobody knows how, as its outcome cannot be read: {facts.view.undecodable}"
    return "no queue has the task: it was never enqueued, or was forgotten after its retention"


def _ended(facts: TaskFacts) -> str:
    """When it ended, with a space before it; "" if that is not known."""
    return since(facts, facts.view.outcome.ended_ms if facts.view.outcome is not None else None)


def _dead(facts: TaskFacts) -> str:
    failure = facts.view.failure
    reason = printable(failure.reason) if failure is not None and failure.reason else "its failure cannot be read"
    return f"the task died{since(facts, facts.view.died_ms)}: {reason}{after_error(facts, '; ')}"


def _dead_of_deadline(facts: TaskFacts) -> str:
    deadline_ms = facts.view.deadline_ms
    deadline = "" if deadline_ms is None else f", which was {moment(facts, deadline_ms)}"
    died = since(facts, facts.view.died_ms)
    error = after_error(facts, "; ")
    return f"the task died{died}, as another attempt would have begun after its deadline{deadline}{error}"


def _replay(facts: TaskFacts) -> str:
    id = facts.view.id
    # A filter acts only with --yes.
    which = f"{shell_word(term_of_id(id))} --yes" if is_term(id) else shell_argument(id)
    return f"let it run again: redisched dead retry {which}"


OVER = (
    Cause(
        Reason.UNKNOWN,
        _in_state(TaskState.UNKNOWN),
        _unknown,
    ),
    Cause(
        Reason.DEADLINE,
        lambda facts: facts.view.state is TaskState.DEAD and facts.is_over_deadline,
        _dead_of_deadline,
        _replay,
    ),
    Cause(Reason.DEAD, _in_state(TaskState.DEAD), _dead, _replay),
    Cause(Reason.SUCCEEDED, _in_state(TaskState.SUCCEEDED), lambda facts: f"the task succeeded{_ended(facts)}"),
    Cause(Reason.CANCELLED, _in_state(TaskState.CANCELLED), lambda facts: f"the task was cancelled{_ended(facts)}"),
    Cause(
        Reason.EXPIRED,
        _in_state(TaskState.EXPIRED),
        lambda facts: f"the task expired{_ended(facts)}: no worker had started it in time",
    ),
    Cause(
        Reason.LOST,
        _in_state(TaskState.LOST),
        lambda facts: f"the task was lost{_ended(facts)}: it may start only once, and its handler was interrupted",
    ),
)
