"""Producers and workers on several servers while faults hit these, and the audit afterwards."""

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self

from redisched import Scheduler
from redisched.chaos import Recorder, Tolerances, Violation, check_history, record_final_places
from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.context import current_task
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from redisched.store.adding_shards import stores_of
from redisched.store.broker import Broker, connect
from redisched.store.operation import Operation, run, with_retries
from tests.chaos.invariants import QUEUE, check_places, places_in
from tests.chaos.producer import BATCH, Producer
from tests.chaos.pulse import Pulse
from tests.engine.running import RunningWorker, counts
from tests.waiting import wait_until

log = logging.getLogger(__name__)

TRY_S = 2.0
DRAIN_S = 60.0
SOON_S = 60.0
FEWEST_PRODUCERS = 2


class Load:
    """Producers that repeat calls without an acknowledgement, over one client, and two workers, from `with` to its end.

    At least two producers, and one for each shard, which enqueues only tasks of that shard. `answers` are the pulses of
    calls that Redis answered, even if only with the error that a task is not durable yet, `acknowledgements` of those
    that returned, `refusals` of others. The handler `hold` notes its task in `held`, waits for `gate`, and returns
    its fence.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        settings: Settings,
        shards: int = 1,
        connect: Callable[[str, float], Broker] = connect,
    ) -> None:
        self.app = Scheduler(settings=settings, broker=connect(url, TRY_S))
        self.app.task(name="work", retention=3_600)(self._work)
        self.app.task(name="hold", retention=3_600)(self._hold)
        self.gate = threading.Event()
        self.held: list[str] = []
        self._runs = Pulse()
        self.direct = connect(url, TRY_S)
        self._folder = folder
        self._recorder = Recorder(folder)
        # Equal tasks start in turn within a shard only.
        self._tolerances = Tolerances() if shards == 1 else Tolerances(overtakers=sys.maxsize)
        self._workers = [RunningWorker(self.app, lease_s=5.0, concurrency=4) for _ in range(2)]
        self._over = threading.Event()
        self._producers = [
            Producer(self.app, self._recorder, self._over, number % shards, shards)
            for number in range(max(FEWEST_PRODUCERS, shards))
        ]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.__enter__()
        for producer in self._producers:
            producer.start()
        self.wait_for_progress()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.end_producing()
        for worker in self._workers:
            worker.__exit__(*exception)
        self.app.close()
        self.direct.close()

    @property
    def workers(self) -> set[str]:
        """The names under which the workers hold leases."""
        return {worker.name for worker in self._workers}

    @property
    def answers(self) -> list[Pulse]:
        """When Redis answered, producer by producer."""
        return [producer.answers for producer in self._producers]

    @property
    def acknowledgements(self) -> list[Pulse]:
        """When calls were acknowledged, producer by producer."""
        return [producer.acknowledgements for producer in self._producers]

    @property
    def refusals(self) -> list[Pulse]:
        """When calls raised an error, producer by producer."""
        return [producer.refusals for producer in self._producers]

    @property
    def taken(self) -> set[str]:
        """The ids of all acknowledged tasks."""
        return {task.id for producer in self._producers for task in [*producer.taken]}

    def enqueue(self, name: str) -> TaskRef[Any]:
        """Enqueue one more task."""
        request = self.app.request(name)
        with self._recorder.enqueueing(request):
            return self.app.enqueue_many([request])[0]

    def ended(self, shard: int) -> int:
        """How many tasks of a shard have ended."""
        return run(with_retries(partial(_ended, shard), self.app._connection.retry_policy()), self.direct.client())

    def wait_for_progress(self) -> None:
        """Wait until Redis takes new tasks, and workers run new tasks."""
        taken, started = self._count(), self._started()
        wait_until(lambda: self._count() > taken + 10 * BATCH, "Redis takes new tasks", SOON_S)
        wait_until(lambda: self._started() > started + 10 * BATCH, "workers run new tasks", SOON_S)

    def wait_for_progress_in(self, shards: Iterable[int]) -> None:
        """Wait until tasks of each of these shards end that had not ended before."""
        wanted = {shard: self.ended(shard) + 2 * BATCH for shard in shards}
        wait_until(
            lambda: all(self.ended(shard) > ended for shard, ended in wanted.items()),
            f"tasks end of each of the shards {[*wanted]}",
            SOON_S,
        )

    def tell_waits(self, faults: int) -> None:
        """Log how long producers waited at each of so many faults."""
        for what, pulses in (("an answer", self.answers), ("an acknowledgement", self.acknowledgements)):
            longest_s = [max(waits) for waits in zip(*(pulse.longest_s(faults) for pulse in pulses), strict=True)]
            log.info("longest times without %s: %s s", what, ", ".join(f"{wait_s:.1f}" for wait_s in longest_s))

    def end_producing(self) -> None:
        """End the producers."""
        self._over.set()
        for producer in self._producers:
            producer.join()

    def conclude(self) -> None:
        """End the producers, wait until all tasks are done, and check the history against the invariants."""
        assert [str(violation) for violation in islice(self.violations(), 5)] == []

    def violations(self) -> Iterator[Violation]:
        """As `conclude`, but return the violations, for a test that expects some."""
        self.end_producing()
        wait_until(self._is_drained, "all tasks are done", DRAIN_S)
        assert not any(worker.has_ended for worker in self._workers)
        for store in run(stores_of(self.direct.script_runner, QUEUE), self.direct.client()):
            check_places(places_in(self.direct, store.shard))
        record_final_places(self.direct, QUEUE, self._recorder)
        return check_history(self._folder, self._tolerances)

    def _count(self) -> int:
        return sum(len(producer.taken) for producer in self._producers)

    def _started(self) -> int:
        return self._runs.count

    def _is_drained(self) -> bool:
        try:
            there = counts(self.direct)
        except BrokerUnavailable:
            return False
        return there.ready == there.scheduled == there.leased == 0

    def _work(self) -> None:
        self._runs.beat()
        with self._recorder.execution():
            pass

    def _hold(self) -> int:
        with self._recorder.execution():
            task = current_task()
            self.held.append(task.id)
            self.gate.wait(DRAIN_S)
        return task.fence


def _ended(shard: int) -> Operation[int]:
    return int((yield ("HLEN", keys_of(QUEUE, shard).outcomes)))
