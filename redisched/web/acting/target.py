"""What an action is about, and what it does to that."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from redisched.web.redis import Redis

Told = Callable[[Mapping[str, int]], None]
"""Is told what became of how many more."""


@dataclass(frozen=True, slots=True)
class TargetCount:
    """How many tasks or schedules an action is about now. `unknown` are those of the given ids that nobody knows.

    One request counts a limited number. If there may be more, `go_on` counts on from there.
    """

    number: int
    unknown: tuple[str, ...] = ()
    go_on: "Callable[[Redis], Awaitable[TargetCount]] | None" = None

    @property
    def is_exact(self) -> bool:
        """Whether there are just so many; otherwise at least so many."""
        return self.go_on is None


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
