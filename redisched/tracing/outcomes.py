"""How an attempt ended, as its span says it."""

import asyncio
from enum import StrEnum

from redisched.context import TaskContext
from redisched.errors import CancelRequested, HandlerTimedOut, LeaseLost
from redisched.retry import Reject, RetryLater, Snooze


class AttemptOutcome(StrEnum):
    """How an attempt ended. Whether another one comes is decided after its span has ended."""

    SUCCEEDED = "succeeded"
    """The handler returned."""
    FAILED = "failed"
    """It raised an error."""
    RETRY_LATER = "retry later"
    """It raised RetryLater: the attempt has failed, and the next one comes when the handler said."""
    REJECTED = "rejected"
    """It raised Reject: the task is dead."""
    SNOOZED = "snoozed"
    """It raised Snooze: it runs again later, and no attempt is counted."""
    TIMED_OUT = "timed out"
    """Its timeout was over."""
    CANCELLED = "cancelled"
    """It stopped because its task was cancelled."""
    LEASE_LOST = "lease lost"
    """It stopped because another worker may have the task."""
    INTERRUPTED = "interrupted"
    """An async handler was stopped, by a cancellation, a lost lease or the end of the worker."""


ERRORS = frozenset(
    {AttemptOutcome.FAILED, AttemptOutcome.RETRY_LATER, AttemptOutcome.REJECTED, AttemptOutcome.TIMED_OUT}
)
"""The outcomes with which a span counts as failed."""
_KINDS: tuple[tuple[type[BaseException], AttemptOutcome], ...] = (
    (RetryLater, AttemptOutcome.RETRY_LATER),
    (Reject, AttemptOutcome.REJECTED),
    (Snooze, AttemptOutcome.SNOOZED),
    (HandlerTimedOut, AttemptOutcome.TIMED_OUT),
    (CancelRequested, AttemptOutcome.CANCELLED),
    (LeaseLost, AttemptOutcome.LEASE_LOST),
)


def outcome_of(error: BaseException, context: TaskContext) -> AttemptOutcome:
    """How an attempt ended that raised this."""
    if isinstance(error, asyncio.CancelledError):
        # On the event loop every interruption is a cancellation of the coroutine; the timeout can still be told.
        return AttemptOutcome.TIMED_OUT if context.remaining_s == 0 else AttemptOutcome.INTERRUPTED
    return next((outcome for kind, outcome in _KINDS if isinstance(error, kind)), AttemptOutcome.FAILED)
