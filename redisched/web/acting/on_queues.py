"""Actions on a queue as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from redisched.client import queue_verbs
from redisched.errors import InvalidOption
from redisched.model import LARGEST_RUN_AT_MS
from redisched.option_checks import check_queue
from redisched.store.view import QueueCounts
from redisched.web.acting.arguments import number_in, only
from redisched.web.acting.on_tasks import MatchingTasks, purge_of
from redisched.web.acting.target import ActionRequest, TargetCount, Told
from redisched.web.redis import Redis

QUEUE_ACTIONS = ("queue_pause", "queue_resume", "queue_drain", "queue_purge")
LONGEST_DRAIN_S = 3_600
"""A drain waits no longer, and by default so long."""


@dataclass(frozen=True, slots=True)
class Pausing:
    """Keeps workers from taking tasks of a queue, for a time or until it is resumed."""

    queue: str
    duration_s: float | None

    async def count(self, redis: Redis) -> TargetCount:
        counts = await _counts(redis, self.queue)
        return TargetCount(counts.ready + counts.scheduled)

    async def act(self, redis: Redis, who: str, told: Told) -> None:
        await redis.run_on(lambda connection: queue_verbs.pause(connection, self.queue, self.duration_s, who))
        told({"paused": 1})


@dataclass(frozen=True, slots=True)
class Resuming:
    """Lets workers take tasks of a queue again."""

    queue: str

    async def count(self, redis: Redis) -> TargetCount:
        counts = await _counts(redis, self.queue)
        return TargetCount(counts.ready + counts.scheduled)

    async def act(self, redis: Redis, _who: str, told: Told) -> None:
        await redis.run_on(lambda connection: queue_verbs.resume(connection, self.queue))
        told({"resumed": 1})


@dataclass(frozen=True, slots=True)
class Draining:
    """Waits until a queue is worked off; nothing is changed."""

    queue: str
    timeout_s: float

    async def count(self, redis: Redis) -> TargetCount:
        counts = await _counts(redis, self.queue)
        return TargetCount(counts.ready + counts.leased)

    async def act(self, redis: Redis, _who: str, told: Told) -> None:
        """Raises DrainTimeout."""
        await redis.run_on(lambda connection: queue_verbs.drain(connection, self.queue, self.timeout_s))
        told({"drained": 1})


async def queue_of(request: ActionRequest, redis: Redis) -> Pausing | Resuming | Draining | MatchingTasks:
    """The queue of a request, and what is to be done to it. Raises InvalidOption, and Problem for a queue that does not
    exist.
    """
    if request.filter is not None or request.ids or request.queue is None:
        raise InvalidOption("queue", request.queue, "the name of a queue, without a filter and without ids")
    queue, arguments = check_queue("queue", request.queue), request.arguments
    await redis.expect_queue(queue)
    match request.action:
        case "queue_pause":
            only(arguments, "duration_s")
            return Pausing(queue, _seconds(arguments, "duration_s"))
        case "queue_resume":
            only(arguments)
            return Resuming(queue)
        case "queue_drain":
            only(arguments, "timeout_s")
            given_s = _seconds(arguments, "timeout_s")
            return Draining(queue, LONGEST_DRAIN_S if given_s is None else min(given_s, LONGEST_DRAIN_S))
        case _:
            return purge_of(request, queue)


def _seconds(arguments: Mapping[str, object], name: str) -> float | None:
    return number_in(arguments, name, 0.001, LARGEST_RUN_AT_MS // 1_000)


async def _counts(redis: Redis, queue: str) -> QueueCounts:
    return await redis.ask(redis.inspector(queue).counts)
