"""A queue and its workers on a real server while something goes wrong, and their audit when that is over."""

import asyncio
from collections import deque
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any, Self

from redisched import Scheduler
from redisched.chaos import Exchange, Proxy, Recorder, Witness, check_history, read_history, take_stock
from redisched.chaos.history.record import Record, Start
from redisched.chaos.history.recorder import time_of
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.config import Settings
from redisched.keys import keys_of
from redisched.store.broker import connect
from tests.chaos.fleet import Fleet
from tests.chaos.invariants import QUEUE, check_places, places_in
from tests.engine.running import RunningWorker, counts
from tests.waiting import wait_until

TRY_S = 5.0
DRAIN_S = 60.0
REMEMBERED = 10_000
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


class Ordeal:
    """A server behind a proxy with a witness, a producer, and workers: a fleet, or one in this process over `app`.

    The handlers of `app` are `work`, which ends at once, and `hold`, which waits for the gate; those of a fleet are in
    `tests.chaos.apps.ordeals`. `url` is that of a server without a key. `audit` is how it ends.
    """

    def __init__(self, folder: Path, url: str, settings: Settings = USUAL) -> None:
        self.folder = folder
        self.gate = Gate()
        self.direct = connect(url, TRY_S)
        self.recorder = Recorder(folder)
        self.proxy = Proxy(url, observe=self._observe)
        self.app = Scheduler(self.proxy.url, settings=settings)
        self.app.task(name="work")(self._work)
        self.app.task(name="hold")(self._hold)
        self._exchanges: deque[Exchange] = deque(maxlen=REMEMBERED)
        self._witness = Witness(self.recorder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.app.close()
        self.proxy.close()
        self.direct.close()

    def go_by_server_time(self) -> None:
        """Write everything down by the server's clock, which is not that of this machine."""
        self.recorder.now_ms = time_of(self.direct)

    def enqueue(self, name: str, *args: Any, **options: Any) -> TaskRef[Any]:
        """Enqueue a task, and write down that it was."""
        return self.enqueue_many(1, name, *args, **options)[0]

    def enqueue_many(self, count: int, name: str, *args: Any, **options: Any) -> list[TaskRef[Any]]:
        """Enqueue equal tasks."""
        return self.send([self.app.request(name, *args, **options) for _ in range(count)])

    def send(self, requests: list[TaskRequest]) -> list[TaskRef[Any]]:
        """Enqueue what was put together before."""
        with self.recorder.enqueueing(*requests):
            return self.app.enqueue_many(requests)

    def fleet(self, *, target: str = "tests.chaos.apps.ordeals:app", **settings: Any) -> Fleet:
        """Worker processes under a supervisor."""
        return Fleet(self.proxy.url, self.folder, target=target, **settings)

    def worker(self, **settings: Any) -> RunningWorker:
        """A worker in this process, which runs the handlers of `app`."""
        return RunningWorker(self.app, **settings)

    def gate_file(self) -> Path:
        """A place of this ordeal at which handlers of a fleet wait until it is touched."""
        return self.folder / "gate"

    def history(self) -> list[Record]:
        """Everything that was written down."""
        return list(read_history(self.folder))

    def starts(self, task: TaskRef[Any]) -> list[Start]:
        """The executions of a task so far."""
        return [record for record in self.history() if isinstance(record, Start) and record.task == task.id]

    def wait_for_start(self, task: TaskRef[Any]) -> Start:
        """Wait until a task's handler runs."""
        return wait_until(lambda: self.starts(task), "its handler runs", DRAIN_S)[0]

    def replies(self, script: str) -> list[Any]:
        """What the server has answered to a script of late, but for errors."""
        exchanges = list(self._exchanges)
        return [said.reply for said in exchanges if said.name == script and isinstance(said.reply, list)]

    def is_drained(self) -> bool:
        """Whether nothing waits or is held any more."""
        there = counts(self.direct)
        return there.ready == there.scheduled == there.leased == 0

    def drain(self) -> None:
        """Let every message pass from now on, and wait until all is done."""
        self.proxy.set()
        # Its connections may be those to a server that was killed.
        self.direct.close()
        wait_until(self.is_drained, "all is done", DRAIN_S)

    def take_stock(self) -> None:
        """Hold the keys of a drained queue against what must always be true, and write down what is in them."""
        assert self.is_drained()
        check_places(places_in(self.direct))
        take_stock(self.direct, QUEUE, self.recorder)

    def forget_ended(self) -> None:
        """Forget what ended well in a drained queue before its time, so that the next stock does not find it again."""
        keys = keys_of(QUEUE)
        self.direct.client().perform(("DEL", keys.finished, keys.outcomes))

    def policy(self) -> None:
        """Hold the history, with the stock that was taken, against I1 to I12."""
        assert [str(violation) for violation in islice(check_history(self.folder), 5)] == []

    def audit(self) -> None:
        """Take stock of a drained queue, and judge."""
        self.take_stock()
        self.policy()

    def conclude(self) -> None:
        """Drain, and audit."""
        self.drain()
        self.audit()

    def _observe(self, exchange: Exchange) -> None:
        self._witness.observe(exchange)
        self._exchanges.append(exchange)

    def _work(self, *_: object) -> None:
        with self.recorder.execution():
            pass

    async def _hold(self) -> None:
        with self.recorder.execution():
            await self.gate.pass_through()
