"""Enqueues tasks into one queue as producers do, and claims them as workers do."""

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
    """Enqueues into one queue and claims from it."""

    def __init__(self, app: Scheduler, queue: str) -> None:
        self.app = app
        self.queue = queue
        self.worker = LostWorker(app.broker.client())

    def enqueue(
        self,
        label: str,
        tasks: int,
        delay_s: Callable[[int], float] | None = None,
        *,
        chosen_every: int = 2,
        unique: str = "",
        **options: Any,
    ) -> None:
        """Enqueue tasks: one of so many has a chosen id, and names, priorities and arguments vary. In the unique
        key, {} stands for the number of the task.
        """
        requests = []
        for number in range(tasks):
            args, kwargs = call(number)
            given = {"priority": PRIORITIES[number % len(PRIORITIES)], "queue": self.queue, **options}
            if unique:
                given["unique"] = unique.format(number)
            if number % chosen_every == 0:
                given["id"] = f"{label}:{number}"
            if delay_s is not None:
                given["delay"] = delay_s(number)
            requests.append(self.app.request(NAMES[number % len(NAMES)], *args, kwargs=kwargs, **given))
        self.app.enqueue_many(requests)

    def stores(self) -> list[Store]:
        """The stores of all shards that the queue has now."""
        return self.worker.run(stores_of(self.app.broker.script_runner, self.queue))

    def claim(self) -> list[Taken]:
        """Claim every task that is due within a second."""
        return [taken for store in self.stores() for taken in self.worker.claim(store)]

    def each(self, act: Callable[[LostWorker, Taken], None], taken: Sequence[Taken]) -> None:
        """Call `act` for every claim that has leases."""
        for one in taken:
            if one.leases:
                act(self.worker, one)
