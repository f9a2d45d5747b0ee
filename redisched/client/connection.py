"""The connection of an application to its Redis, which is found and opened at the first call."""

import errno
import operator
import os
import random
import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redisched.client.blocking import warn_if_blocking
from redisched.client.latest_queues import LatestQueues
from redisched.client.missing_workers import MissingWorkers
from redisched.client.origin import settings_to_send
from redisched.clock import Clock
from redisched.config import (
    EMBEDDED_VARIABLE,
    RECONNECT_BACKOFF,
    Durability,
    Settings,
    may_embed,
    prefix_from,
    url_from,
)
from redisched.conversion.conversion import Encoded
from redisched.errors import BrokerUnavailable, NoServer
from redisched.keys import PREFIX
from redisched.lazy import LazyModule
from redisched.routing.shard_map_cache import ShardMapCache
from redisched.store.durable import Barrier, DurableStore
from redisched.store.operation import Operation, RetryPolicy, ScriptRunner, T, run, run_async
from redisched.store.store import Store

if TYPE_CHECKING:
    import asyncio

    from redisched.client import end_listener as listeners
    from redisched.embedded import server as servers
    from redisched.pulling.puller import Puller
    from redisched.store import broker as brokers
else:
    # What only a call needs takes longer to load than everything else together.
    asyncio = LazyModule("asyncio")
    listeners = LazyModule("redisched.client.end_listener")
    brokers = LazyModule("redisched.store.broker")
    servers = LazyModule("redisched.embedded.server")

# Two tries and a pause between them fit into the timeout of a call.
_TRY_SHARE = 0.4
# A server ends a WAIT up to 0.1 s late, and its answer has to arrive before the try is over.
_WAIT_SHARE = 0.5
_NO_DESCRIPTOR = {errno.EMFILE, errno.ENFILE}
OTHER_TIMEOUT_S = 60.0
"""Only a busy machine keeps callers of a Redis waiting that is within their process, so they wait for long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRedis:
    """Another Redis that an application uses for a while, such as during a test. `listener` tells its callers of ends,
    and `clock` is its time, which stands still until the test moves it.

    Enqueues wait for no disk and no replica there: the tasks are gone with the test.
    """

    broker: "brokers.Broker"
    listener: "listeners.EndListener"
    clock: Clock


class Connection:
    """Runs operations on the Redis of one application, blocking or under asyncio.

    The Redis is the one at the URL of the settings, else at REDISCHED_URL, else the embedded server.
    """

    def __init__(
        self, settings: Settings, broker: "brokers.Broker | None", application: "weakref.ref[Any] | None" = None
    ) -> None:
        """`application` is the Scheduler whose connection this is. Unpickled in another process, it is the connection
        of the Scheduler there.
        """
        self._application = application
        self.settings = settings
        self.monotonic = time.monotonic
        self.random = random.random
        # Reentrant, because a signal handler may enqueue while it interrupts a thread that holds the lock.
        self._lock = threading.RLock()
        self._broker = broker
        self._embedded: servers.ServerUser | None = None
        self._stores: dict[tuple[str, int, Durability], Store] = {}
        self._other: OtherRedis | None = None
        self._listener: listeners.ThreadEndListener | None = None
        self._listeners: dict[asyncio.AbstractEventLoop, listeners.LoopEndListener] = {}
        self.pullers: dict[tuple[int, str, int], Puller] = {}
        """What pulls from each queue, by process, queue and length of the leases."""
        self.shard_maps = ShardMapCache()
        self.missing_workers = MissingWorkers()
        self.queues_of_tasks = LatestQueues()
        """The queues of tasks whose references do not name a queue, as far as they were found."""

    def __reduce__(self) -> tuple[Any, ...]:
        application = None if self._application is None else self._application()
        if application is None:
            return Connection, (settings_to_send(self.settings, "a reference"), None)
        return operator.attrgetter("_connection"), (application,)

    @property
    def broker(self) -> "brokers.Broker":
        """The broker; the first use may start the embedded server.

        Raises InvalidOption for a URL that is none or names files that cannot be read, NoServerBinary,
        ServerStartFailed, and BrokerUnavailable in a process that has run out of descriptors.
        """
        return self._broker or self._resolve()

    def encode_arguments(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Encoded:
        """Arguments as they travel. Raises InvalidArguments if the application has a handler of this name which does
        not take them.
        """
        application = None if self._application is None else self._application()
        return (args, kwargs, None) if application is None else application.encode_arguments(name, args, kwargs)

    def read_result(self, name: str, result: Any) -> Any:
        """A result, as it travelled, as what the handler of this name returned, if the application has it."""
        application = None if self._application is None else self._application()
        return result if application is None else application.read_result(name, result)

    def expect_server(self) -> None:
        """Raises NoServer if only an embedded server can be meant and none runs: reading calls do not start one."""
        if self._broker is None and self.settings.url is None and url_from(os.environ) is None:
            servers.expect_server()

    def run(self, operation: Operation[T], call: str) -> T:
        """Run an operation to its end, blocking. `call` names the user's method, which also exists as `call`_async."""
        warn_if_blocking(call)
        return run(operation, (self._broker or self._resolve()).client())

    async def run_async(self, operation: Operation[T]) -> T:
        """Run an operation to its end under asyncio."""
        broker = self._broker or await self.open_async()
        return await run_async(operation, broker.async_client())

    @property
    def is_open(self) -> bool:
        """Whether the broker is open, so that a call has nothing to find or to start."""
        return self._broker is not None

    async def open_async(self) -> "brokers.Broker":
        """The broker. The first use finds and opens it in a thread, so that the event loop is not blocked."""
        if self._broker is None:
            return await asyncio.to_thread(self._resolve)
        return self._broker

    def retry_policy(self, began_s: float | None = None) -> RetryPolicy:
        """The retry policy of one call that began at this monotonic moment, or begins now."""
        # The first call loads the client library and may start the server. Its time counts from when that is done.
        broker = self.broker
        return RetryPolicy(
            began_s=self.monotonic() if began_s is None else began_s,
            total_s=self.settings.timeout_s if self._other is None else OTHER_TIMEOUT_S,
            try_s=broker.timeout_s,
            backoff=RECONNECT_BACKOFF,
            monotonic=self.monotonic,
            random=self.random,
        )

    @property
    def script_runner(self) -> ScriptRunner:
        """How scripts are called on this Redis."""
        return self.broker.script_runner

    def store(self, queue: str, shard: int = 0, durable: Durability = Durability.NONE) -> Store:
        """The store of a shard of a queue; its enqueues wait as `durable` says."""
        store = self._stores.get((queue, shard, durable))
        if store is None:
            store = self._stores[queue, shard, durable] = self._make_store(queue, shard, durable)
        return store

    def end_listener(self) -> "listeners.EndListener":
        """What tells blocking callers of the ends of tasks. A forked process has one of its own."""
        if self._other is not None:
            return self._other.listener
        with self._lock:
            if self._listener is None or self._listener.process != os.getpid():
                self._listener = listeners.ThreadEndListener(self.broker)
                weakref.finalize(self, self._listener.close).atexit = False
            return self._listener

    async def end_listener_async(self) -> "listeners.EndListener":
        """What tells callers on the running event loop of the ends of tasks."""
        if self._other is not None:
            return self._other.listener
        broker, loop = await self.open_async(), asyncio.get_running_loop()
        if loop not in self._listeners:
            self._listeners = {other: kept for other, kept in self._listeners.items() if not other.is_closed()}
            self._listeners[loop] = listeners.LoopEndListener(broker)
        return self._listeners[loop]

    @contextmanager
    def redirected(self, other: OtherRedis) -> Iterator[None]:
        """Use another Redis until the block ends, and then the one of before, as if nothing had been."""
        with self._lock:
            before = dict(vars(self))
            self._broker, self._stores, self.pullers, self._other = other.broker, {}, {}, other
            self.shard_maps, self.queues_of_tasks = ShardMapCache(), LatestQueues()
        try:
            yield
        finally:
            with self._lock:
                vars(self).update(before)

    @property
    def virtual_clock(self) -> Clock | None:
        """The clock of a test, whose time moves only when the test says so; None outside of tests."""
        return None if self._other is None else self._other.clock

    def close(self) -> None:
        """Close the blocking connections; the next use opens new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        if self._broker is not None:
            self._broker.close()

    async def close_async(self) -> None:
        """Close the connections of the running event loop; the next use opens new ones."""
        listener = self._listeners.pop(asyncio.get_running_loop(), None)
        if listener is not None:
            await listener.close()
        if self._broker is not None:
            await self._broker.close_async()

    def _make_store(self, queue: str, shard: int, durable: Durability) -> Store:
        broker = self.broker
        if durable is Durability.NONE or self._other is not None:
            return Store(broker.script_runner, queue, shard)
        copies = self.settings.durable_replicas if durable is Durability.REPLICA else 1
        wait_ms = max(1, round(_WAIT_SHARE * broker.timeout_s * 1e3))
        barrier = Barrier(durability=durable, copies=copies, wait_ms=wait_ms)
        return DurableStore(broker.script_runner, queue, shard, barrier)

    def _resolve(self) -> "brokers.Broker":
        with self._lock:
            if self._broker is None:
                try:
                    self._broker = self._open()
                except OSError as error:
                    if error.errno not in _NO_DESCRIPTOR:
                        raise
                    raise BrokerUnavailable(str(error), 0.0) from error
            return self._broker

    def _open(self) -> "brokers.Broker":
        url = self.settings.url if self.settings.url is not None else url_from(os.environ)
        if url is None:
            if not may_embed(os.environ):
                own = "a server of this project's own"
                raise NoServer(f"have {own}: --embedded of a worker, or {EMBEDDED_VARIABLE}=1")
            # Kept for the life of this process: the embedded server runs until its last user has ended.
            self._embedded = servers.join()
            url = self._embedded.url
        prefix = self.settings.prefix or prefix_from(os.environ) or PREFIX
        return brokers.connect(url, _TRY_SHARE * self.settings.timeout_s, prefix, self.settings.max_connections)
