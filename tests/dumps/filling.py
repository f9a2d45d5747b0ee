"""Puts tasks into one queue as producers do, and takes them out again as workers do."""

from collections.abc import Callable, Sequence
from typing import Any

from redisched.client.scheduler import Scheduler
from redisched.model import Priority
from redisched.store.adding_shards import stores_of
from redisched.store.store import Store
from tests.dumps.lost_worker import LostWorker, Taken
from tests.dumps.values import call

NAMES = ("shop.pay", "shop.send", "shop.render", "shop.notify:all")
PRIORITIES = (*(int(priority) for priority in Priority), 1, 255)


class Filler:
    """Works on one queue."""

    def __init__(self, app: Scheduler, queue: str) -> None:
        self.app = app
        self.queue = queue
        self.worker = LostWorker(app.broker.client())

    def enqueue(self, label: str, tasks: int, delay_s: Callable[[int], float] | None = None, **options: Any) -> None:
        """Every other task has a chosen id; names, priorities and calls take turns."""
        requests = []
        for number in range(tasks):
            args, kwargs = call(number)
            given = {"priority": PRIORITIES[number % len(PRIORITIES)], "queue": self.queue, **options}
            if number % 2 == 0:
                given["id"] = f"{label}:{number}"
            if delay_s is not None:
                given["delay"] = delay_s(number)
            requests.append(self.app.request(NAMES[number % len(NAMES)], *args, kwargs=kwargs, **given))
        self.app.enqueue_many(requests)

    def stores(self) -> list[Store]:
        """Every shard there is now."""
        return self.worker.run(stores_of(self.app.broker.script_runner, self.queue))

    def claim(self) -> list[Taken]:
        """Every task that is due, or nearly."""
        return [taken for store in self.stores() for taken in self.worker.claim(store)]

    def each(self, act: Callable[[LostWorker, Taken], None], taken: Sequence[Taken]) -> None:
        """Do something with all that was claimed."""
        for one in taken:
            if one.leases:
                act(self.worker, one)
