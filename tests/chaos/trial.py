"""An application on a server that a test breaks: all that happens is written down, and audited in the end."""

import asyncio
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any, Self

from redisched import Scheduler
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.config import Settings
from redisched.keys import keys_of
from redisched.store.broker import Broker, connect
from redisched.testing import Proxy, Recorder, Server, Witness, check, read_history, take_stock
from redisched.testing.history.record import Record
from tests.chaos.invariants import check_places
from tests.engine.running import counts
from tests.lua.situation import HASHES, ZSETS, Situation
from tests.waiting import wait_until

QUEUE = "default"
DIRECT_TRY_S = 5.0
DRAIN_S = 60.0
USUAL = Settings()


class Gate:
    """Holds handlers until it is opened, from whatever thread."""

    def __init__(self) -> None:
        self.entered = 0
        self._opened: Future[None] = Future()

    async def pass_through(self) -> None:
        self.entered += 1
        # A handler that is ended from outside must not take the gate with it.
        await asyncio.shield(asyncio.wrap_future(self._opened))

    def open(self) -> None:
        self._opened.set_result(None)


class Trial:
    """Producers and handlers reach the server through a proxy, so that faults can be set and nothing goes unheard.

    Handlers are `work`, which ends at once, and `hold`, which waits for the gate. Run a worker over `app`.
    """

    def __init__(self, server: Server, folder: Path, settings: Settings = USUAL) -> None:
        self.folder = folder
        self.gate = Gate()
        self.direct = connect(server.url, DIRECT_TRY_S)
        self.recorder = Recorder(folder)
        self.proxy = Proxy(server.url, observe=Witness(self.recorder).observe)
        self.app = Scheduler(self.proxy.url, settings=settings)
        self.app.task(name="work")(self._work)
        self.app.task(name="hold")(self._hold)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.app.close()
        self.proxy.close()
        self.direct.close()

    def requests(self, name: str, count: int, *arguments: object) -> list[TaskRequest]:
        """So many tasks of a handler."""
        return [self.app.request(name, *arguments) for _ in range(count)]

    def send(self, requests: list[TaskRequest]) -> list[TaskRef[Any]]:
        """Enqueue, and write it down."""
        with self.recorder.enqueueing(*requests):
            return self.app.enqueue_many(requests)

    def history(self) -> list[Record]:
        """Everything that was written down."""
        return list(read_history(self.folder))

    def drain(self) -> None:
        """With all faults off, wait until nothing waits or is held any more."""
        self.proxy.set()
        # Its connections may be those to a server that was killed.
        self.direct.close()
        wait_until(lambda: is_drained(self.direct), "everything is worked off", DRAIN_S)

    def conclude(self) -> None:
        """Drain, and hold what is left and what happened against what is promised."""
        self.drain()
        check_places(places_in(self.direct))
        take_stock(self.direct, QUEUE, self.recorder)
        assert [str(violation) for violation in islice(check(read_history(self.folder)), 5)] == []

    def _work(self, *_: object) -> None:
        with self.recorder.execution():
            pass

    async def _hold(self) -> None:
        with self.recorder.execution():
            await self.gate.pass_through()


def is_drained(broker: Broker) -> bool:
    """Whether nothing waits or is held."""
    there = counts(broker, QUEUE)
    return there.ready == there.scheduled == there.leased == 0


def places_in(broker: Broker) -> Situation:
    """The ids in each key of the queue, without what is kept for them."""
    perform, keys = broker.client().perform, keys_of(QUEUE)
    places: Situation = {name: perform(("HKEYS", getattr(keys, name))) for name in HASHES}
    places |= {name: perform(("ZRANGE", getattr(keys, name), 0, -1)) for name in ZSETS}
    places["wake"] = perform(("LRANGE", keys.wake, 0, -1))
    repairs = perform(("HGETALL", keys.repairs))
    return places | ({"repairs": repairs} if repairs else {})
