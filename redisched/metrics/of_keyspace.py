"""The metrics of a whole keyspace, as any reader can see them in Redis."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from redisched.errors import BrokerError
from redisched.metrics import catalogue
from redisched.metrics.catalogue import Metric
from redisched.metrics.families import Sample, number, numbers
from redisched.metrics.labels import label_text
from redisched.metrics.queue_figures import QueueFigures
from redisched.orders import WorkerState
from redisched.store.presence import Deployment, PresentWorker
from redisched.store.repair import Repair
from redisched.store.view import QueueCounts

FRESH_S = 1.0
"""Scrapes within this time are answered with the same numbers."""
_STATES = ("ready", "scheduled", "leased", "dead", "finished")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyspaceFigures:
    """A keyspace at one moment. `queues` are those that could be read, of `known` ones."""

    known: int
    queues: Mapping[str, QueueFigures]
    workers: Iterable[tuple[PresentWorker, Deployment]] = field(default=())


class KeyspaceCollector(Collector):
    """Reads the keyspace when it is scraped, at most once a second. `read` raises a BrokerError if Redis is away:
    then the only metric is that it is.
    """

    def __init__(self, read: Callable[[], KeyspaceFigures], now_s: Callable[[], float]) -> None:
        self._read = read
        self._now_s = now_s
        self._lock = threading.Lock()
        self._families: list[Family] = []
        self._read_s = float("-inf")

    def describe(self) -> Iterable[Family]:
        """Nothing: Redis is not to be asked before a scrape."""
        return ()

    def collect(self) -> Iterator[Family]:
        """All of them."""
        with self._lock:
            # Who has waited here for another scrape gets what that one has read.
            if self._now_s() - self._read_s >= FRESH_S:
                self._families = list(self._look())
                self._read_s = self._now_s()
            families = self._families
        yield from families

    def _look(self) -> Iterator[Family]:
        began_s = self._now_s()
        try:
            figures = self._read()
        except BrokerError:
            yield number(catalogue.UP, 0)
            return
        yield number(catalogue.UP, 1)
        yield number(catalogue.QUEUES, figures.known)
        yield number(catalogue.QUEUES_READ, len(figures.queues))
        yield from _of_queues(figures.queues)
        yield from _of_workers(figures)
        yield number(catalogue.SCRAPE, self._now_s() - began_s)


def _of_queues(queues: Mapping[str, QueueFigures]) -> Iterator[Family]:
    def by_queue(metric: Metric, value: Callable[[QueueFigures], float]) -> Family:
        return numbers(metric, (((label_text(queue),), value(figures)) for queue, figures in queues.items()))

    yield numbers(
        catalogue.QUEUE_TASKS,
        (
            ((label_text(queue), state), getattr(figures.counts, state))
            for queue, figures in queues.items()
            for state in _STATES
        ),
    )
    yield by_queue(catalogue.QUEUE_OLDEST, lambda figures: _oldest_s(figures.counts))
    yield by_queue(catalogue.QUEUE_PAUSED, lambda figures: figures.is_paused)
    yield by_queue(catalogue.QUEUE_SHARDS, lambda figures: figures.shards)
    yield numbers(
        catalogue.QUEUE_REPAIRS,
        (
            ((label_text(queue), kind.value.lower()), figures.repairs.get(kind, 0))
            for queue, figures in queues.items()
            for kind in Repair
        ),
    )


def _of_workers(figures: KeyspaceFigures) -> Iterator[Family]:
    present: Counter[str] = Counter({state.value: 0 for state in WorkerState})
    serving: Counter[tuple[str, ...]] = Counter()
    slots: Counter[str] = Counter(dict.fromkeys(figures.queues, 0))
    for worker, deployment in figures.workers:
        state = _known_state(worker.presence.state)
        present[state] += 1
        for queue in set(deployment.queues) & figures.queues.keys():
            serving[label_text(queue), state] += 1
            if state == WorkerState.WORKING.value:
                slots[queue] += worker.presence.slots
    for queue in figures.queues:
        for known in WorkerState:
            serving.setdefault((label_text(queue), known.value), 0)
    yield numbers(catalogue.WORKERS, _samples(present))
    yield numbers(catalogue.QUEUE_WORKERS, sorted(serving.items()))
    yield numbers(catalogue.QUEUE_SLOTS, _samples(slots))


def _samples(counts: Mapping[str, int]) -> Iterator[Sample]:
    return (((label_text(name),), count) for name, count in counts.items())


def _known_state(said: str) -> str:
    """A worker of a later version may be in a state that this one does not know."""
    return said if said in set(WorkerState) else "unknown"


def _oldest_s(counts: QueueCounts) -> float:
    return (counts.oldest_ready_ms or 0) / 1e3
