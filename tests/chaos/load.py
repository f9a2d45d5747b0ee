"""Producers and workers on several servers while something happens to these, and the audit when that is over."""

import logging
import threading
from itertools import islice
from pathlib import Path
from typing import Any, Self

from redisched import Scheduler
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.config import Settings
from redisched.errors import BrokerUnavailable, NotDurable
from redisched.store.broker import connect
from redisched.testing import Recorder, check_history, read_history, take_stock
from redisched.testing.history.record import Start
from tests.chaos.invariants import QUEUE, check_places, places_in
from tests.chaos.pulse import Pulse
from tests.engine.running import RunningWorker, counts
from tests.waiting import wait_until

log = logging.getLogger(__name__)

TRY_S = 5.0
DRAIN_S = 60.0
SOON_S = 30.0
BATCH = 5
PRODUCERS = 2


class Load:
    """Two producers that repeat what was not acknowledged, over one client, and two workers, from `with` to its end.

    What was acknowledged is in `acknowledged`. `answers` are the pulses of the producers' calls that Redis answered,
    if only to say that a task is not durable yet, `acknowledgements` of those that returned.
    """

    def __init__(self, folder: Path, url: str, settings: Settings) -> None:
        self.app = Scheduler(url, settings=settings)
        self.app.task(name="work", retention=3_600)(self._work)
        self.direct = connect(url, TRY_S)
        self.acknowledged: list[TaskRef[Any]] = []
        self.answers = [Pulse() for _ in range(PRODUCERS)]
        self.acknowledgements = [Pulse() for _ in range(PRODUCERS)]
        self._folder = folder
        self._recorder = Recorder(folder)
        self._workers = [RunningWorker(self.app, lease_s=5.0, concurrency=4) for _ in range(2)]
        self._over = threading.Event()
        self._producers = [
            threading.Thread(target=self._produce, args=pulses, name="producer")
            for pulses in zip(self.answers, self.acknowledgements, strict=True)
        ]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.__enter__()
        for producer in self._producers:
            producer.start()
        self.wait_for_progress()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._end_producing()
        for worker in self._workers:
            worker.__exit__(*exception)
        self.app.close()
        self.direct.close()

    def wait_for_progress(self) -> None:
        """Wait until tasks are taken, and run, that were not there before."""
        taken, started = len(self.acknowledged), self._started()
        wait_until(lambda: len(self.acknowledged) > taken + 10 * BATCH, "tasks are taken", SOON_S)
        wait_until(lambda: self._started() > started + 10 * BATCH, "tasks run", SOON_S)

    def tell_waits(self, faults: int) -> None:
        """Log how long producers waited at each of so many faults."""
        for what, pulses in (("an answer", self.answers), ("an acknowledgement", self.acknowledgements)):
            longest_s = [max(waits) for waits in zip(*(pulse.longest_s(faults) for pulse in pulses), strict=True)]
            log.info("longest times without %s: %s s", what, ", ".join(f"{wait_s:.1f}" for wait_s in longest_s))

    def conclude(self) -> None:
        """Produce no more, wait until all is done, and hold what happened against what is promised."""
        self._end_producing()
        wait_until(self._is_drained, "all is done", DRAIN_S)
        assert not any(worker.has_ended for worker in self._workers)
        check_places(places_in(self.direct))
        take_stock(self.direct, QUEUE, self._recorder)
        assert [str(violation) for violation in islice(check_history(self._folder), 5)] == []

    def _started(self) -> int:
        return sum(isinstance(record, Start) for record in read_history(self._folder))

    def _is_drained(self) -> bool:
        try:
            there = counts(self.direct)
        except BrokerUnavailable:
            return False
        return there.ready == there.scheduled == there.leased == 0

    def _work(self) -> None:
        with self._recorder.execution():
            pass

    def _end_producing(self) -> None:
        self._over.set()
        for producer in self._producers:
            producer.join()

    def _produce(self, answers: Pulse, acknowledgements: Pulse) -> None:
        while not self._over.is_set():
            tasks = self._insist([self.app.request("work") for _ in range(BATCH)], answers)
            if tasks:
                answers.beat()
                acknowledgements.beat()
                self.acknowledged += tasks
            self._over.wait(0.01)

    def _insist(self, requests: list[TaskRequest], answers: Pulse) -> list[TaskRef[Any]]:
        while True:
            try:
                with self._recorder.enqueueing(*requests):
                    return self.app.enqueue_many(requests)
            except NotDurable:
                answers.beat()
            except BrokerUnavailable:
                pass
            if self._over.is_set():
                return []
