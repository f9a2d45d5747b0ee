"""Actions on worker processes, given by their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from redisched.client.worker_calls import every_worker, order_worker
from redisched.errors import InvalidOption, UnknownWorker
from redisched.orders import WorkerOrder
from redisched.web.acting.arguments import only
from redisched.web.acting.on_tasks import UNKNOWN
from redisched.web.acting.target import ActionRequest, TargetCount, Told
from redisched.web.redis import Redis

WORKER_ACTIONS: Mapping[str, WorkerOrder] = {f"worker_{order.value}": order for order in WorkerOrder}
TOLD = "told"
"""What becomes of a worker that lives: it hears the order within five seconds."""


@dataclass(frozen=True, slots=True)
class NamedWorkers:
    """Worker processes by their names."""

    names: tuple[str, ...]
    order: WorkerOrder

    async def count(self, redis: Redis) -> TargetCount:
        await redis.open()
        live = {worker.name for worker in await redis.ask(partial(every_worker, redis.script_runner))}
        unknown = tuple(name for name in self.names if name not in live)
        return TargetCount(len(self.names) - len(unknown), unknown=unknown)

    async def act(self, redis: Redis, _who: str, told: Told) -> None:
        for name in self.names:
            try:
                await redis.run_on(partial(order_worker, name=name, order=self.order))
            except UnknownWorker:
                told({UNKNOWN: 1})
            else:
                told({TOLD: 1})


def workers_of(request: ActionRequest) -> NamedWorkers:
    """The workers of a request, and what they are to do. Raises InvalidOption."""
    only(request.arguments)
    if request.filter is not None or request.queue is not None or not all(request.ids) or not request.ids:
        raise InvalidOption("ids", list(request.ids), "the names of workers, without a filter and without a queue")
    return NamedWorkers(request.ids, WORKER_ACTIONS[request.action])
