"""A queue and its workers on a real server while a fault is on, and their audit afterwards."""

import asyncio
from collections import deque
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any, Self

from redisched import Scheduler
from redisched.chaos import Exchange, Proxy, Recorder, ReplyObserver, check_history, read_history, record_final_places
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
    """Holds handlers until it is opened, by any thread."""

    def __init__(self) -> None:
        self.entered = 0
        self._opened: Future[None] = Future()

    async def pass_through(self) -> None:
        self.entered += 1
        # A handler that is ended from outside must not close the gate.
        await asyncio.shield(asyncio.wrap_future(self._opened))

    def open(self) -> None:
        self._opened.set_result(None)


class Rig:
    """A test rig: a server behind a proxy with an observer, a producer, and workers, which are a fleet or one in this
    process.

    The handlers of `app` are `work`, which ends at once, and `hold`, which waits for the gate; those of a fleet are in
    `tests.chaos.apps.rig_handlers`. `url` is that of a server without a key. A test ends with `audit`.
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
        self._observer = ReplyObserver(self.recorder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.app.close()
        self.proxy.close()
        self.direct.close()

    def go_by_server_time(self) -> None:
        """Write all times down by the server's clock, which differs from that of this machine."""
        self.recorder.now_ms = time_of(self.direct)

    def enqueue(self, name: str, *args: Any, **options: Any) -> TaskRef[Any]:
        """Enqueue a task, and write it down."""
        return self.enqueue_many(1, name, *args, **options)[0]

    def enqueue_many(self, count: int, name: str, *args: Any, **options: Any) -> list[TaskRef[Any]]:
        """Enqueue equal tasks."""
        return self.send([self.app.request(name, *args, **options) for _ in range(count)])

    def send(self, requests: list[TaskRequest]) -> list[TaskRef[Any]]:
        """Enqueue a request made before."""
        with self.recorder.enqueueing(*requests):
            return self.app.enqueue_many(requests)

    def fleet(self, *, target: str = "tests.chaos.apps.rig_handlers:app", **settings: Any) -> Fleet:
        """Worker processes under a supervisor."""
        return Fleet(self.proxy.url, self.folder, target=target, **settings)

    def worker(self, **settings: Any) -> RunningWorker:
        """A worker in this process, which runs the handlers of `app`."""
        return RunningWorker(self.app, **settings)

    def gate_file(self) -> Path:
        """The file of this rig at which handlers of a fleet wait until it is touched."""
        return self.folder / "gate"

    def history(self) -> list[Record]:
        """All records of the history."""
        return list(read_history(self.folder))

    def starts(self, task: TaskRef[Any]) -> list[Start]:
        """The executions of a task so far."""
        return [record for record in self.history() if isinstance(record, Start) and record.task == task.id]

    def wait_for_start(self, task: TaskRef[Any]) -> Start:
        """Wait until a task's handler runs."""
        return wait_until(lambda: self.starts(task), "the handler of the task runs", DRAIN_S)[0]

    def replies(self, script: str) -> list[Any]:
        """The latest replies of the server to a script, without errors."""
        exchanges = list(self._exchanges)
        return [said.reply for said in exchanges if said.name == script and isinstance(said.reply, list)]

    def is_drained(self) -> bool:
        """Whether no task waits or is leased any more."""
        there = counts(self.direct)
        return there.ready == there.scheduled == there.leased == 0

    def drain(self) -> None:
        """From now on, let every message pass, and wait until all tasks are done."""
        self.proxy.set()
        # The connections may lead to a server that was killed.
        self.direct.close()
        wait_until(self.is_drained, "all tasks are done", DRAIN_S)

    def record_final_places(self) -> None:
        """Check the keys of a drained queue against the invariants, and write down where its tasks are."""
        assert self.is_drained()
        check_places(places_in(self.direct))
        record_final_places(self.direct, QUEUE, self.recorder)

    def forget_ended(self) -> None:
        """Forget the successful tasks of a drained queue early, so that the next check does not find them again."""
        keys = keys_of(QUEUE)
        self.direct.client().perform(("DEL", keys.finished, keys.outcomes))

    def policy(self) -> None:
        """Check the history, with the final places of the tasks, against every invariant."""
        assert [str(violation) for violation in islice(check_history(self.folder), 5)] == []

    def audit(self) -> None:
        """Record the final places of a drained queue, and check the history."""
        self.record_final_places()
        self.policy()

    def conclude(self) -> None:
        """Drain, and audit."""
        self.drain()
        self.audit()

    def _observe(self, exchange: Exchange) -> None:
        self._observer.observe(exchange)
        self._exchanges.append(exchange)

    def _work(self, *_: object) -> None:
        with self.recorder.execution():
            pass

    async def _hold(self) -> None:
        with self.recorder.execution():
            await self.gate.pass_through()
