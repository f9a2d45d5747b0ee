"""How many tasks run, and how many wait for another attempt: what no sorted set tells by its size."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStages:
    """How many of the leased tasks of a queue run, and how many of its scheduled tasks wait for another attempt.

    A number is exact, or there are at least so many, as not all tasks were looked at.
    """

    running: int = 0
    running_is_exact: bool = True
    retrying: int = 0
    retrying_is_exact: bool = True


def stages_of_all(parts: Iterable[QueueStages]) -> QueueStages:
    """The sums over shards or queues."""
    running = retrying = 0
    is_running_exact = is_retrying_exact = True
    for one in parts:
        running, retrying = running + one.running, retrying + one.retrying
        is_running_exact = is_running_exact and one.running_is_exact
        is_retrying_exact = is_retrying_exact and one.retrying_is_exact
    return QueueStages(
        running=running,
        running_is_exact=is_running_exact,
        retrying=retrying,
        retrying_is_exact=is_retrying_exact,
    )
