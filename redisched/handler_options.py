"""The options of a handler."""

from dataclasses import dataclass

from redisched.config import Durability
from redisched.model import Isolation, Keep, Priority
from redisched.retry import DEFAULT_RETRY, Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerOptions:
    """The options of a handler, which its tasks get by default. A call may override each, except `isolation`, and of
    `retry` the number of attempts.

    Times are in milliseconds; None means no limit. `expires` is +delay in milliseconds, empty for never.
    `retention_is_own` is True if the retention was set explicitly; False if it is the default of the settings.
    """

    queue: str = "default"
    priority: int = Priority.NORMAL
    retry: Retry = DEFAULT_RETRY
    timeout_ms: int | None = None
    expires: str = ""
    retention_ms: int = 600_000
    retention_is_own: bool = False
    keep: Keep = Keep.RESULT
    durable: Durability = Durability.NONE
    isolation: Isolation = Isolation.NONE
