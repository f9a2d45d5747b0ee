"""A queue and its workers on a real server while something goes wrong, and their audit when that is over."""

from itertools import islice
from pathlib import Path
from typing import Any, Self

from redisched import Scheduler
from redisched.client.reference import TaskRef
from redisched.store.broker import connect
from redisched.testing import Exchange, Proxy, Recorder, Witness, check, read_history, take_stock
from redisched.testing.history.record import Start
from redisched.testing.history.recorder import time_of
from tests.chaos.fleet import Fleet
from tests.chaos.invariants import check_places
from tests.engine.running import RunningWorker, counts
from tests.lua.situation import situation_of
from tests.waiting import wait_until

QUEUE = "default"
TRY_S = 5.0
DRAIN_S = 60.0


class Ordeal:
    """A server behind a proxy with a witness, a producer, and workers of `tests.chaos.apps.ordeals` or of `app`.

    `url` is that of a server without a key, whose clock everything is written down by. `audit` is how it ends.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.direct = connect(url, TRY_S)
        self.recorder = Recorder(folder, time_of(self.direct))
        self.exchanges: list[Exchange] = []
        self.proxy = Proxy(url, observe=self._observe)
        self.app = Scheduler(self.proxy.url)
        self._folder = folder
        self._witness = Witness(self.recorder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.app.close()
        self.proxy.close()
        self.direct.close()

    def enqueue(self, name: str, *args: Any, **options: Any) -> TaskRef[Any]:
        """Enqueue a task, and write down that it was."""
        return self.enqueue_many(1, name, *args, **options)[0]

    def enqueue_many(self, count: int, name: str, *args: Any, **options: Any) -> list[TaskRef[Any]]:
        """Enqueue equal tasks."""
        requests = [self.app.request(name, *args, **options) for _ in range(count)]
        with self.recorder.enqueueing(*requests):
            return self.app.enqueue_many(requests)

    def fleet(self, **settings: Any) -> Fleet:
        """Worker processes under a supervisor."""
        return Fleet(self.proxy.url, self._folder, target="tests.chaos.apps.ordeals:app", **settings)

    def worker(self, **settings: Any) -> RunningWorker:
        """A worker in this process, which runs the handlers of `app`."""
        return RunningWorker(self.app, **settings)

    def gate(self) -> Path:
        """A place of this ordeal at which handlers wait until it is touched."""
        return self._folder / "gate"

    def starts(self, task: TaskRef[Any]) -> list[Start]:
        """The executions of a task so far."""
        history = read_history(self._folder)
        return [record for record in history if isinstance(record, Start) and record.task == task.id]

    def wait_for_start(self, task: TaskRef[Any]) -> Start:
        """Wait until a task's handler runs."""
        return wait_until(lambda: self.starts(task), "its handler runs", DRAIN_S)[0]

    def replies(self, script: str) -> list[Any]:
        """What the server has answered to a script, but for errors."""
        return [exchange.reply for exchange in self.exchanges if exchange.name == script and _is_answer(exchange)]

    def is_drained(self) -> bool:
        """Whether nothing waits or is held any more."""
        there = counts(self.direct)
        return there.ready == there.scheduled == there.leased == 0

    def drain(self) -> None:
        """Let every message pass from now on, and wait until all is done."""
        self.proxy.set()
        wait_until(self.is_drained, "all is done", DRAIN_S)

    def audit(self) -> None:
        """Hold the history of a drained queue against I1 to I12, and its keys against what must always be true."""
        assert self.is_drained()
        check_places(situation_of(self.direct, QUEUE))
        take_stock(self.direct, QUEUE, self.recorder)
        assert [str(violation) for violation in islice(check(read_history(self._folder)), 5)] == []

    def _observe(self, exchange: Exchange) -> None:
        self._witness.observe(exchange)
        self.exchanges.append(exchange)


def _is_answer(exchange: Exchange) -> bool:
    return isinstance(exchange.reply, list)
