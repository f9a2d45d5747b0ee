"""The reasons that lie in the queue and its workers, not in the task. They can hold beside another reason."""

from redisched.explain.cause import Cause
from redisched.explain.reason import Reason
from redisched.explain.task_facts import TaskFacts
from redisched.explain.wording import handler_of, moment, since
from redisched.printable import printable, shell_argument, shell_word


def _paused(facts: TaskFacts) -> str:
    pause = facts.circumstances.pause
    if pause is None:
        return f"queue {facts.view.queue} is not paused"
    until = "somebody resumes it" if pause.until_ms is None else moment(facts, pause.until_ms)
    began = since(facts, pause.since_ms)
    return f"queue {facts.view.queue} is paused: {printable(pause.by)} paused it{began}, until {until}"


def _no_handler(facts: TaskFacts) -> str:
    return f"no live worker of queue {facts.view.queue} knows the handler {handler_of(facts)}"


def _no_codec(facts: TaskFacts) -> str:
    codec = printable((facts.view.body and facts.view.body.codec) or "")
    return f"no live worker of queue {facts.view.queue} has the codec {codec}, which made its arguments"


OBSTACLES = (
    Cause(
        Reason.PAUSED,
        lambda facts: facts.is_waiting and facts.circumstances.pause is not None,
        _paused,
        lambda facts: f"resume it: redisched queue resume {shell_argument(facts.view.queue)}",
    ),
    Cause(
        Reason.NO_WORKER,
        lambda facts: facts.needs_worker and not facts.is_served,
        lambda facts: f"no live worker serves queue {facts.view.queue}",
        lambda facts: f"start one: redisched worker MODULE:APP --queues {shell_word(facts.view.queue)}",
    ),
    Cause(
        Reason.QUIET,
        lambda facts: facts.is_waiting and facts.are_workers_quiet,
        lambda facts: f"all live workers of queue {facts.view.queue} are quiet or stopping: they take nothing more",
        lambda facts: f"start another one: redisched worker MODULE:APP --queues {shell_word(facts.view.queue)}",
    ),
    Cause(
        Reason.NO_HANDLER,
        lambda facts: facts.is_waiting and not facts.is_handler_known,
        _no_handler,
        lambda facts: f"start a worker of queue {facts.view.queue} whose application has the handler",
    ),
    Cause(
        Reason.NO_CODEC,
        lambda facts: facts.is_waiting and not facts.is_codec_known,
        _no_codec,
        lambda facts: f"start a worker of queue {facts.view.queue} whose application has the codec",
    ),
)
