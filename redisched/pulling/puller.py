"""Claims tasks of one queue for a program: the best due ones of all shards, by the numbered claims of workers.

It also reaps the queue where no worker does, so that the tasks of a program that was killed come back.
"""

import os
import threading
from dataclasses import replace
from functools import partial
from itertools import count

from redisched.clock import SystemClock
from redisched.config import WorkerSettings
from redisched.engine.claiming.claim_stream import ClaimReply, ClaimStream
from redisched.engine.identity import worker_name
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.reaper import Reaper
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.keys import shard_name
from redisched.pulling.caller import Caller
from redisched.registry import Registry
from redisched.shard_map import ShardMap
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, with_retries
from redisched.store.page import Place, Section
from redisched.store.store import Store

_LETTERS = "abcdefghijklmnop"


class Puller:
    """Claims from one queue with leases of one length, for all blocks of a process. Safe to share between threads."""

    def __init__(self, caller: Caller, registry: Registry, queue: str, settings: WorkerSettings) -> None:
        """`registry` knows every name."""
        self.caller = caller
        self.context = WorkerContext(
            worker=worker_name(os.getpid(), f"{int(caller.random() * 2**32):08x}"),
            settings=caller.settings,
            worker_settings=settings,
            registry=registry,
            stores={},
            window=Window(settings.window_ms, settings.release_after_ms),
            started=NoStartedTable(),
            clock=caller.virtual_clock or SystemClock(),
            random=caller.random,
        )
        self._queue = queue
        self._lock = threading.Lock()
        self._reapers: dict[Store, Reaper] = {}
        self._reap_s: dict[Store, float] = {}
        self._streams: dict[tuple[Store, str], ClaimStream] = {}
        self._new_series = map(_in_letters, count())
        self._free_series: list[str] = []

    def claim(self, limit: int) -> Operation[tuple[list[LeasedTask], int | None]]:
        """Lease up to `limit` due tasks, the best first; answers also when the next one is due, None for never.

        A shard that does not answer is left out, unless no other has tasks. Raises BrokerError.
        """
        yield from self._prepare()
        series = self._take_series()
        try:
            return (yield from self._claim(limit, series))
        finally:
            # If a claim got no reply, the next one of its series is answered with the same tasks.
            self._free_series.append(series)

    def _claim(self, limit: int, series: str) -> Operation[tuple[list[LeasedTask], int | None]]:
        tasks: list[LeasedTask] = []
        due: list[int] = []
        failure: BrokerError | None = None
        for store, share in (yield from self._shares(limit)):
            stream = self._stream(store, series)
            try:
                reply = yield from with_retries(partial(stream.claiming, share), self.caller.retry_policy())
            except BrokerError as error:
                failure = error
                continue
            tasks += reply.tasks
            due += _due(reply)
        if failure is not None and not tasks:
            raise failure
        return sorted(tasks), min(due, default=None)

    def reap(self) -> Operation[None]:
        """Take back the tasks of programs and workers that are gone, if it is time and no worker does it."""
        if self.caller.virtual_clock is not None:
            return
        monotonic = self.context.clock.monotonic
        for store, reaper in list(self._reapers.items()):
            if monotonic() < self._reap_s.get(store, 0.0):
                continue
            # Noted before the call, so that no other block makes it meanwhile.
            self._reap_s[store] = monotonic() + reaper.interval_s
            try:
                delay_s = yield from reaper.step()
            except BrokerError as error:
                log.debug("%s is not reaped: %s", shard_name(store.queue, store.shard), error)
            else:
                self._reap_s[store] = monotonic() + delay_s

    def until_reap_s(self) -> float:
        """In how many seconds to call `reap` again: after longer pauses nothing is reaped, as after an outage."""
        now_s = self.context.clock.monotonic()
        return min((self._reap_s.get(store, 0.0) - now_s for store in list(self._reapers)), default=0.0)

    def announce(self, store: Store, lease_ms: int) -> Operation[None]:
        """Let whoever reaps a shard know that a lease may be so long. Without this, longer ones are shortened."""
        request = replace(self._reapers[store].request(), lease_ms=lease_ms)
        yield from with_retries(lambda: store.reap(request), self.caller.retry_policy())

    def _prepare(self) -> Operation[None]:
        if not self._reapers or self.caller.virtual_clock is not None:
            first = Store(self.caller.broker.script_runner, self._queue)
            self._serve((yield from with_retries(first.shard_map, self.caller.retry_policy())))
        yield from self.reap()

    def _serve(self, shard_map: ShardMap) -> None:
        """Claim from every shard of the queue, also from those that it has got since."""
        stores = self.context.stores
        with self._lock:
            for shard in range(len(stores), shard_map.shards):
                store = Store(self.caller.broker.script_runner, self._queue, shard)
                first = self._reapers[stores[self._queue, 0]] if stores else None
                self._reapers[store] = Reaper(self.context, store, self._serve, first)
                stores[self._queue, shard] = store

    def _shares(self, limit: int) -> Operation[list[tuple[Store, int]]]:
        """How many tasks to claim from each shard, so that they are the best of the queue."""
        stores = list(self.context.stores.values())
        if len(stores) == 1:
            return [(stores[0], limit)]
        places: list[tuple[Place, Store]] = []
        for store in stores:
            inspector = ShardInspector(self.caller.broker.script_runner, store.queue, store.shard)
            look = partial(inspector.places, Section.DUE, None, limit)
            places += ((place, store) for place in (yield from with_retries(look, self.caller.retry_policy())))
        best = [store for _, store in sorted(places, key=lambda entry: entry[0])[:limit]]
        return [(store, best.count(store)) for store in stores if store in best] or [(store, 1) for store in stores]

    def _take_series(self) -> str:
        """The name of a series of claims: Redis remembers the latest of each, so concurrent claims have one each."""
        with self._lock:
            return self._free_series.pop() if self._free_series else next(self._new_series)

    def _stream(self, store: Store, series: str) -> ClaimStream:
        stream = self._streams.get((store, series))
        if stream is None:
            stream = self._streams[store, series] = ClaimStream(self.context, store, series)
        return stream


def _due(reply: ClaimReply) -> list[int]:
    return [] if reply.next_due_ms is None else [reply.next_due_ms]


def _in_letters(number: int) -> str:
    """A number as letters, of which alone the names of series consist."""
    return "".join(_LETTERS[int(digit, 16)] for digit in f"{number:x}")
