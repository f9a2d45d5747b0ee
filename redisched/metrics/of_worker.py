"""The metrics of one worker process."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from redisched.activity import ENDS_OF_TASKS, Activity, AttemptEnd
from redisched.metrics import catalogue
from redisched.metrics.families import HistogramFamily, Sample, number, numbers
from redisched.metrics.figures import WorkerFigures
from redisched.metrics.labels import by_label, with_zeros
from redisched.metrics.script_times import LONGEST, SHORTEST
from redisched.orders import WorkerState
from redisched.store.tallies import ActivityKey

BOUND_BITS = (*range(1, 15), 16, 18, 20, 22)
"""The bounds of durations are these powers of two in milliseconds: 2 ms to 70 minutes."""
_BOUNDS_S = [2**bits / 1e3 for bits in BOUND_BITS]
_SCRIPT_BOUNDS_S = [2**bits / 1e6 for bits in range(SHORTEST, LONGEST + 1)]
_PUT_BACK = (AttemptEnd.FAILED, AttemptEnd.CRASHED, AttemptEnd.SNOOZED, AttemptEnd.RELEASED)

Labelled = dict[ActivityKey, Activity]


class WorkerCollector(Collector):
    """Makes metrics of what `figures` answers when they are scraped, in the thread of the scrape."""

    def __init__(self, figures: Callable[[], WorkerFigures]) -> None:
        self._figures = figures

    def describe(self) -> Iterable[Family]:
        """Nothing: the figures are not to be read before a scrape."""
        return ()

    def collect(self) -> Iterator[Family]:
        """All of them."""
        figures = self._figures()
        done = by_label(with_zeros(figures.activity, figures.handlers))
        yield numbers(catalogue.TASKS_ENDED, _ends(done, ENDS_OF_TASKS))
        yield numbers(catalogue.TASKS_PUT_BACK, _ends(done, _PUT_BACK))
        yield numbers(
            catalogue.FINISHES_REFUSED,
            ((tuple(key), activity.number(AttemptEnd.REFUSED)) for key, activity in done.items()),
        )
        yield numbers(catalogue.LEASES_EXPIRED, _expired(done, figures.queues))
        waits, runs = HistogramFamily(catalogue.TASK_WAIT, _BOUNDS_S), HistogramFamily(catalogue.TASK_RUN, _BOUNDS_S)
        for key, activity in done.items():
            if any(activity.runs):
                waits.add(key, _in_buckets(activity.waits), activity.wait_ms / 1e3)
                runs.add(key, _in_buckets(activity.runs), activity.run_ms / 1e3)
        yield from (waits.family, runs.family)
        scripts = HistogramFamily(catalogue.SCRIPT, _SCRIPT_BOUNDS_S)
        for name, times in sorted(figures.scripts.items()):
            scripts.add([name], times.counts, times.sum_us / 1e6)
        yield scripts.family
        yield from _of_the_moment(figures)


def _of_the_moment(figures: WorkerFigures) -> Iterator[Family]:
    yield numbers(catalogue.WORKER_STATE, (((state.value,), state is figures.state) for state in WorkerState))
    yield number(catalogue.WORKER_SLOTS, figures.slots)
    yield number(catalogue.WORKER_BUSY, figures.busy)
    yield numbers(catalogue.WORKER_WINDOW, [(("due",), figures.due), (("ahead",), figures.ahead)])
    yield number(catalogue.WORKER_LEASED, figures.leased)
    yield numbers(catalogue.WORKER_STALLED, (((reason,), holds) for reason, holds in figures.stalls.items()))


def _ends(done: Labelled, ends: Sequence[AttemptEnd]) -> Iterator[Sample]:
    for key, activity in done.items():
        for end in ends:
            yield (*key, end.name.lower()), activity.number(end)


def _expired(done: Labelled, queues: Iterable[str]) -> Iterator[Sample]:
    """By queue alone: whoever takes a task back does not read which handler it is for."""
    counts = dict.fromkeys(queues, 0)
    for key, activity in done.items():
        counts[key.queue] = counts.get(key.queue, 0) + activity.number(AttemptEnd.LEASE_EXPIRED)
    return (((queue,), count) for queue, count in counts.items())


def _in_buckets(counts: Sequence[int]) -> Iterator[int]:
    """How many durations are in each bucket of the metric, which may have those of several that are counted."""
    first = 0
    for bits in BOUND_BITS:
        yield sum(counts[first : bits + 1])
        first = bits + 1
    yield sum(counts[first:])
