"""Producers and workers on several servers while something happens to these, and the audit when that is over."""

import logging
import sys
import threading
from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Self

from redisched import Scheduler
from redisched.config import Settings
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from redisched.store.broker import connect
from redisched.store.growth import stores_of
from redisched.store.operation import Operation, persist, run
from redisched.testing import Recorder, Tolerances, check_history, read_history, take_stock
from redisched.testing.history.record import Start
from tests.chaos.invariants import QUEUE, check_places, places_in
from tests.chaos.producer import BATCH, Producer
from tests.chaos.pulse import Pulse
from tests.engine.running import RunningWorker, counts
from tests.waiting import wait_until

log = logging.getLogger(__name__)

TRY_S = 5.0
DRAIN_S = 60.0
SOON_S = 30.0
FEWEST_PRODUCERS = 2


class Load:
    """Producers that repeat what was not acknowledged, over one client, and two workers, from `with` to its end.

    Two producers at least, and one for each shard, whose tasks are for that one alone. `answers` are the pulses of
    their calls that Redis answered, if only to say that a task is not durable yet, `acknowledgements` of those that
    returned.
    """

    def __init__(self, folder: Path, url: str, settings: Settings, shards: int = 1) -> None:
        self.app = Scheduler(url, settings=settings)
        self.app.task(name="work", retention=3_600)(self._work)
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
        self._end_producing()
        for worker in self._workers:
            worker.__exit__(*exception)
        self.app.close()
        self.direct.close()

    @property
    def answers(self) -> list[Pulse]:
        """When Redis answered, producer by producer."""
        return [producer.answers for producer in self._producers]

    @property
    def acknowledgements(self) -> list[Pulse]:
        """When tasks were acknowledged, producer by producer."""
        return [producer.acknowledgements for producer in self._producers]

    def ended(self, shard: int) -> int:
        """How many tasks of a shard have ended."""
        return run(persist(partial(_ended, shard), self.app._connection.patience()), self.direct.client())

    def wait_for_progress(self) -> None:
        """Wait until tasks are taken, and run, that were not there before."""
        taken, started = self._taken(), self._started()
        wait_until(lambda: self._taken() > taken + 10 * BATCH, "tasks are taken", SOON_S)
        wait_until(lambda: self._started() > started + 10 * BATCH, "tasks run", SOON_S)

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

    def conclude(self) -> None:
        """Produce no more, wait until all is done, and hold what happened against what is promised."""
        self._end_producing()
        wait_until(self._is_drained, "all is done", DRAIN_S)
        assert not any(worker.has_ended for worker in self._workers)
        for store in run(stores_of(self.direct.dialect, QUEUE), self.direct.client()):
            check_places(places_in(self.direct, store.shard))
        take_stock(self.direct, QUEUE, self._recorder)
        assert [str(violation) for violation in islice(check_history(self._folder, self._tolerances), 5)] == []

    def _taken(self) -> int:
        return sum(producer.taken for producer in self._producers)

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


def _ended(shard: int) -> Operation[int]:
    return int((yield ("HLEN", keys_of(QUEUE, shard).outcomes)))
