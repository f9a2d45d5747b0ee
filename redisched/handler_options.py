"""The options of a handler."""

from dataclasses import dataclass

from redisched.config import Durability
from redisched.errors import InvalidOption
from redisched.model import UNTIL_DONE, Delivery, Isolation, Keep, OnDuplicate, Priority, UniqueBy
from redisched.retry import DEFAULT_RETRY, Retry

TIMEOUT_GRACE_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """The options of a handler, which its tasks get by default. A call may override each, except `isolation`,
    `timeout_grace_ms` and `delivery`, and of `retry` the number of attempts.

    Times are in milliseconds; None means no limit. `expires` and `deadline` are +delay, empty for never.
    `unique_for` is one of UNTIL_STARTED and UNTIL_DONE, or +milliseconds; a `debounce_max_ms` of 0 is no limit.
    `timeout_grace_ms` is how long an isolated handler has to end once it was told to. `retention_is_own` is True if the
    retention was set explicitly; False if it is the default of the settings.
    """

    queue: str = "default"
    priority: int = Priority.NORMAL
    retry: Retry = DEFAULT_RETRY
    timeout_ms: int | None = None
    timeout_grace_ms: int = TIMEOUT_GRACE_MS
    expires: str = ""
    deadline: str = ""
    retention_ms: int = 600_000
    retention_is_own: bool = False
    keep: Keep = Keep.RESULT
    durable: Durability = Durability.NONE
    unique: UniqueBy = False
    unique_for: str = UNTIL_DONE
    on_duplicate: OnDuplicate = OnDuplicate.RETURN
    debounce_max_ms: int = 0
    isolation: Isolation = Isolation.NONE
    delivery: Delivery = Delivery.AT_LEAST_ONCE


def check_attempts_of(delivery: Delivery, option: str, attempts: int) -> None:
    """Check that a handler may have so many attempts. Raises InvalidOption."""
    if delivery is Delivery.AT_MOST_ONCE and attempts > 1:
        allowed = "1 attempt, as delivery='at_most_once' never starts a task twice; leave it out"
        raise InvalidOption(option, attempts, allowed)
