"""A producer that repeats every call without an acknowledgement, and notes when it was answered."""

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

from redisched import Scheduler
from redisched.chaos import Recorder
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.errors import BrokerUnavailable, NotDurable
from redisched.shard_map import ShardMap
from tests.chaos.pulse import Pulse

BATCH = 5
PAUSE_S = 0.01


class Producer(threading.Thread):
    """Enqueues tasks of one of so many shards until it is `over`. The tasks of `taken` were acknowledged."""

    def __init__(self, app: Scheduler, recorder: Recorder, over: threading.Event, shard: int, shards: int) -> None:
        super().__init__(name=f"producer-{shard}")
        self.taken: list[TaskRef[Any]] = []
        self.answers = Pulse()
        self.acknowledgements = Pulse()
        self.refusals = Pulse()
        self._app = app
        self._recorder = recorder
        self._over = over
        self._shard = shard
        self._shard_map = ShardMap((1, shards)) if shards > 1 else ShardMap()

    def run(self) -> None:
        while not self._over.is_set():
            requests = [*islice(self._requests(), BATCH)]
            while not self._try(requests) and not self._over.is_set():
                self.refusals.beat()
            self._over.wait(PAUSE_S * self._shard_map.shards)

    def _requests(self) -> Iterator[TaskRequest]:
        while True:
            request = self._app.request("work")
            if self._shard_map.shard_of(request.id) == self._shard:
                yield request

    def _try(self, requests: list[TaskRequest]) -> bool:
        try:
            with self._recorder.enqueueing(*requests):
                self.taken += self._app.enqueue_many(requests)
        except NotDurable:
            self.answers.beat()
            return False
        except BrokerUnavailable:
            return False
        self.answers.beat()
        self.acknowledgements.beat()
        return True
