"""The rules of a worker whose application listens to events: how each handler ended is noted for them."""

from typing import Any

from redisched.engine.attempt import Attempt, AttemptPolicy
from redisched.engine.completion import Completion
from redisched.engine.event_teller import EventTeller, Returned
from redisched.engine.worker_context import WorkerContext


def policy_of(context: WorkerContext, events: EventTeller | None) -> AttemptPolicy:
    """The rules of a worker, chosen once at its start: without events nothing is noted."""
    return AttemptPolicy(context) if events is None else TellingPolicy(context, events)


class TellingPolicy(AttemptPolicy):
    """Notes how handlers ended."""

    def __init__(self, context: WorkerContext, events: EventTeller) -> None:
        super().__init__(context)
        self._events = events

    def returned(self, attempt: Attempt, result: Any) -> Completion:
        """The completion of a task whose handler returned."""
        self._events.handler_ended(attempt.task, Returned(result))
        return super().returned(attempt, result)

    def raised(self, attempt: Attempt, error: BaseException) -> Completion:
        """The completion of a task whose handler raised or was interrupted."""
        self._events.handler_ended(attempt.task, error)
        return super().raised(attempt, error)
