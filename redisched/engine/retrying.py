"""Decides what becomes of a task whose handler raised: tried again, snoozed, or dead."""

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from redisched.conversion.conversion import WrongArguments
from redisched.engine.logs import task_log
from redisched.model import DeathReason
from redisched.option_checks import check_milliseconds
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

    Never raises: if a function that the policy has for its pauses fails, or if the error names no usable pause, this is
    logged, and the default pause holds.
    """
    if isinstance(error, WrongArguments):
        return RetryDecision(RetryAction.BURY, reason=DeathReason.ARGUMENTS)
    if isinstance(error, Reject):
        return RetryDecision(RetryAction.BURY, reason=DeathReason.REJECTED)
    pause_s: float | None
    try:
        if isinstance(error, Snooze) and not entry.starts_once:
            return RetryDecision(RetryAction.SNOOZE, check_milliseconds("pause", error.pause_s))
        pause_s = _pause_s(entry, error, attempt, random)
    except BaseException as failure:
        # Whatever code of the application raises here, SystemExit included, concerns this task alone.
        source = type(error).__name__ if isinstance(error, RetryLater | Snooze) else "the backoff function"
        said = "%s of %s failed, so the default pause holds"
        task_log.log(logging.ERROR, said, source, entry.name, exc_info=failure)
        pause_s = DEFAULT_BACKOFF.delay_s(attempt, random)
    if pause_s is None:
        return RetryDecision(RetryAction.BURY, reason=DeathReason.NOT_RETRIED)
    if attempt >= max_attempts:
        return RetryDecision(RetryAction.BURY, reason=DeathReason.ATTEMPTS)
    return RetryDecision(RetryAction.RETRY, round(pause_s * 1e3))


def _pause_s(entry: HandlerEntry, error: BaseException, attempt: int, random: Callable[[], float]) -> float | None:
    if isinstance(error, RetryLater | Snooze):
        return check_milliseconds("pause", error.pause_s) / 1e3
    return entry.options.retry.pause_s(error, attempt, random)
