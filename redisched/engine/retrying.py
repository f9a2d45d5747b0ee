"""Decides what becomes of a task whose handler raised: tried again, snoozed, or dead."""

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from redisched.conversion.conversion import WrongArguments
from redisched.engine.logs import task_log
from redisched.model import DeathReason
from redisched.registry import HandlerEntry
from redisched.retry import DEFAULT_BACKOFF, Reject, RetryLater, Snooze


class RetryAction(StrEnum):
    """What becomes of a task whose handler raised."""

    RETRY = "retry"
    SNOOZE = "snooze"
    BURY = "bury"


class RetryDecision(NamedTuple):
    """What becomes of the task: after how long it is due again, or why it is dead."""

    action: RetryAction
    delay_ms: int = 0
    reason: str = ""


def decide(
    entry: HandlerEntry, error: BaseException, attempt: int, max_attempts: int, random: Callable[[], float]
) -> RetryDecision:
    """Decide by the handler's policy after attempt number `attempt` of at most `max_attempts` raised this error.

    If a function that the policy has for its pauses fails, this is logged, and the default pause holds.
    """
    if isinstance(error, WrongArguments):
        return RetryDecision(RetryAction.BURY, reason=DeathReason.ARGUMENTS)
    if isinstance(error, Snooze) and not entry.starts_once:
        return RetryDecision(RetryAction.SNOOZE, round(error.pause_s * 1e3))
    if isinstance(error, Reject):
        return RetryDecision(RetryAction.BURY, reason=DeathReason.REJECTED)
    if isinstance(error, RetryLater | Snooze):
        pause_s: float | None = error.pause_s
    else:
        try:
            pause_s = entry.options.retry.pause_s(error, attempt, random)
        except Exception as failure:
            said = "the backoff function of %s failed, so the default pause holds"
            task_log.log(logging.ERROR, said, entry.name, exc_info=failure)
            pause_s = DEFAULT_BACKOFF.delay_s(attempt, random)
    if pause_s is None:
        return RetryDecision(RetryAction.BURY, reason=DeathReason.NOT_RETRIED)
    if attempt >= max_attempts:
        return RetryDecision(RetryAction.BURY, reason=DeathReason.ATTEMPTS)
    return RetryDecision(RetryAction.RETRY, round(pause_s * 1e3))
