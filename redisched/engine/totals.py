"""What a worker process has done since it began: counters that never fall, for its metrics."""

import threading
from collections.abc import Iterable

from redisched.activity import Activity
from redisched.metrics.labels import MOST_HANDLERS, OTHER
from redisched.store.tallies import ActivityKey, Rows


class Totals:
    """Adds up batches. It keeps MOST_HANDLERS handlers of a queue apart, and only such as the process knows: the names
    of tasks come from whoever may enqueue. All others are one.
    """

    def __init__(self, handlers: Iterable[str] = ()) -> None:
        self._handlers = frozenset(handlers)
        self._apart: dict[str, set[str]] = {}
        self._rows: dict[ActivityKey, Activity] = {}
        self.lock = threading.Lock()
        """Held while numbers move from the rows that are being counted to these: nobody may see them twice, or not at
        all.
        """

    def add(self, rows: Rows) -> None:
        """Add a batch, in the thread that counts. Call it with the lock held."""
        for key, activity in rows.items():
            self._rows.setdefault(self._key(key), Activity()).add(activity)

    def with_rows(self, rows: Rows) -> dict[ActivityKey, Activity]:
        """The totals, with rows that are still being counted. Call it with the lock held, from any thread."""
        whole = {key: Activity(list(activity.counts)) for key, activity in self._rows.items()}
        for key, activity in rows.items():
            whole.setdefault(self._key(key), Activity()).add(activity)
        return whole

    def _key(self, key: ActivityKey) -> ActivityKey:
        if not key.handler:
            return key
        apart = self._apart.setdefault(key.queue, set())
        if key.handler in self._handlers and (key.handler in apart or len(apart) < MOST_HANDLERS):
            apart.add(key.handler)
            return key
        return key._replace(handler=OTHER)
