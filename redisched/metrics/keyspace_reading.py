"""Reads a keyspace for its metrics, within bounds: so many queues, so many workers, and not for long."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from redisched.errors import BrokerUnavailable, InvalidInput, RedischedError
from redisched.metrics.of_keyspace import KeyspaceFigures
from redisched.metrics.queue_figures import QueueFigures, read_queue
from redisched.option_checks import check_queue
from redisched.store.inspect import Inspector, queues
from redisched.store.operation import Operation, ScriptRunner, T
from redisched.store.presence import Deployment, PresentWorker
from redisched.store.roster import Roster

MOST_QUEUES = 500
"""So many queues are read, the first by name."""
MOST_WORKERS = 5_000
"""About so many workers are read."""
LONGEST_S = 4.0
"""After so long no further queue is read: Prometheus waits for ten seconds."""


class AskRedis(Protocol):
    """Runs an operation that is safe to repeat, for a bounded time. Raises BrokerUnavailable."""

    def __call__(self, make: Callable[[], Operation[T]], /) -> T: ...


class KeyspaceReader:
    """Reads the keyspace of a script runner. `ask` is called in the thread of the scrape."""

    def __init__(self, ask: AskRedis, script_runner: ScriptRunner, now_s: Callable[[], float]) -> None:
        self._ask = ask
        self._script_runner = script_runner
        self._now_s = now_s

    def read(self) -> KeyspaceFigures:
        """Read everything. A queue that is damaged is left out. Raises BrokerError if Redis is away or refuses."""
        end_s = self._now_s() + LONGEST_S
        known = self._ask(partial(queues, self._script_runner))
        workers = self._ask(partial(_workers, Roster(self._script_runner)))
        found: dict[str, QueueFigures] = {}
        for name in known[:MOST_QUEUES]:
            if self._now_s() >= end_s:
                break
            figures = self._read_queue(name)
            if figures is not None:
                found[name] = figures
        return KeyspaceFigures(known=len(known), queues=found, workers=workers)

    def _read_queue(self, name: str) -> QueueFigures | None:
        try:
            check_queue("queue", name)
            return self._ask(partial(read_queue, Inspector(self._script_runner, name)))
        except BrokerUnavailable:
            raise
        except (InvalidInput, RedischedError):
            return None


def _workers(roster: Roster) -> Operation[list[tuple[PresentWorker, Deployment]]]:
    """The workers that are present, with what each serves."""
    found = yield from roster.present(MOST_WORKERS)
    deployments = yield from roster.deployments_of(found.values())
    return [(worker, deployments.get(worker.presence.deployment, Deployment())) for worker in found.values()]
