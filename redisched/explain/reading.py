"""Reads what is known of a task, and says why it does not run."""

from redisched.errors import BrokerRefused
from redisched.explain.explanation import Explanation
from redisched.explain.reason import Reason
from redisched.explain.reasons import explain
from redisched.explain.task_facts import TaskFacts
from redisched.model import TaskState
from redisched.store.circumstances import Circumstances, read_circumstances
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.roster import LiveDeployments, Roster
from redisched.store.slot_use import read_slot_use
from redisched.store.view import TaskView

IN_LINE_REASONS = frozenset({Reason.NEXT, Reason.BEHIND})
"""With one of these it depends on the slots of workers when a task runs."""
UNKNOWN_WORKERS = LiveDeployments((), is_complete=False)


def explained(script_runner: ScriptRunner, found: TaskView) -> Operation[Explanation]:
    """Why a task does not run that was found just now, in its shard if it has one. Nothing is changed.

    The task and its shard are read at one moment; what live workers serve, and how busy they are, is read after that,
    if it matters.
    """
    if found.state is TaskState.UNKNOWN:
        return explain(TaskFacts(Circumstances(view=found)))
    circumstances = yield from read_circumstances(script_runner, found.queue, found.shard, found.id)
    facts = TaskFacts(circumstances)
    if not facts.needs_worker:
        return explain(facts)
    try:
        live = yield from Roster(script_runner).live(facts.view.now_ms)
        in_line = explain(TaskFacts(circumstances, live)).reason in IN_LINE_REASONS
        slots = (yield from read_slot_use(script_runner)).of(found.queue) if in_line else None
    except BrokerRefused:
        # A user with few rights may read the queues that it uses, and nothing of the workers.
        live, slots = UNKNOWN_WORKERS, None
    return explain(TaskFacts(circumstances, live, slots))
