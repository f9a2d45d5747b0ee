"""What an enqueue did with a task."""

from typing import NamedTuple, TypeAlias

from redisched.store.values import Status


class Duplicate(NamedTuple):
    """The answer to an enqueue whose unique key is held: the id of the task that holds it."""

    id: str


Enqueued: TypeAlias = Status | Duplicate
"""What an enqueue did with one task."""
