"""Actions on schedules, given by their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from redisched.client import schedule_operations as operations
from redisched.client.connection import Connection
from redisched.errors import InvalidOption, UnknownSchedule
from redisched.schedules.definition import check_schedule_name
from redisched.store.operation import Operation
from redisched.web.acting.arguments import only
from redisched.web.acting.on_tasks import UNKNOWN
from redisched.web.acting.target import ActionRequest, TargetCount, Told
from redisched.web.redis import Redis


class _Act(Protocol):
    def __call__(self, connection: Connection, name: str, queue: str | None) -> Operation[Any]: ...


SCHEDULE_ACTIONS: Mapping[str, tuple[_Act, str]] = {
    "schedule_pause": (operations.pause, "paused"),
    "schedule_resume": (operations.resume, "resumed"),
    "schedule_run": (operations.run_now, "enqueued"),
    "schedule_remove": (operations.remove, "removed"),
}
"""What each action does to a schedule, and what became of it then."""


@dataclass(frozen=True, slots=True)
class NamedSchedules:
    """Schedules by their names, which are in one queue, or in any."""

    names: tuple[str, ...]
    queue: str | None
    action: str

    async def count(self, redis: Redis) -> TargetCount:
        """Raises InvalidOption if several queues have a schedule of the same name."""
        unknown: list[str] = []
        for name in self.names:
            try:
                await redis.run_on(partial(operations.find, name=name, queue=self.queue))
            except UnknownSchedule:
                unknown.append(name)
        return TargetCount(len(self.names) - len(unknown), unknown=tuple(unknown))

    async def act(self, redis: Redis, _who: str, told: Told) -> None:
        """Raises InvalidOption for one that running code declares and that is to be removed."""
        act, outcome = SCHEDULE_ACTIONS[self.action]
        for name in self.names:
            try:
                await redis.run_on(partial(act, name=name, queue=self.queue))
            except UnknownSchedule:
                told({UNKNOWN: 1})
            else:
                told({outcome: 1})


def schedules_of(request: ActionRequest) -> NamedSchedules:
    """The schedules of a request. Raises InvalidOption."""
    only(request.arguments)
    if request.filter is not None or not request.ids:
        raise InvalidOption("ids", list(request.ids), "the names of schedules, without a filter")
    return NamedSchedules(
        tuple(check_schedule_name("ids", name) for name in request.ids), request.queue, request.action
    )
