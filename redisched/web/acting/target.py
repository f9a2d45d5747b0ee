"""What an action is about, and what it does to that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from redisched.web.redis import Redis

Told = Callable[[Mapping[str, int]], None]
"""Is told what became of how many more."""


@dataclass(frozen=True, slots=True)
class TargetCount:
    """How many tasks or schedules an action is about now. If it is not exact there are at least so many. `unknown` are
    those of the given ids that nobody knows.
    """

    number: int
    is_exact: bool = True
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """An action as it was asked for, its parts checked each by itself."""

    action: str
    filter: str | None = None
    ids: tuple[str, ...] = ()
    queue: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def target_record(self) -> dict[str, Any]:
        """Which tasks, queue or schedules are meant."""
        return {"filter": self.filter, "ids": list(self.ids), "queue": self.queue}


class ActionTarget(Protocol):
    """Tasks, a queue or schedules, and what is to be done to them."""

    async def count(self, redis: Redis) -> TargetCount:
        """How many it is about now."""
        ...

    async def act(self, redis: Redis, who: str, told: Told) -> None:
        """Do it, step by step, and tell what became of how many at each step. It can be repeated."""
        ...
