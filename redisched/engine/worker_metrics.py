"""The metrics of this worker process: what is measured for them, and on which port they are served."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.lease_renewer_thread import LeaseRenewerThread
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.runtime import SYSTEM_RUNTIME, RunningRenewer, Runtime, open_worker_client
from redisched.engine.stall import SENTENCES
from redisched.engine.worker_context import WorkerContext, served_queues
from redisched.errors import InvalidOption
from redisched.metrics.figures import WorkerFigures
from redisched.metrics.of_worker import WorkerCollector
from redisched.metrics.script_times import ScriptTimes, TimedBlockingClient, TimedClient
from redisched.metrics.serving import MetricsServer
from redisched.orders import WorkerState
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.tallies import ActivityKey

AGAIN_S = 0.25
"""The pause between two tries to listen. The process that is replaced may still have the port."""
TRIES = 40
"""After so many tries without success the log says so."""


class WorkerMetrics:
    """Serves the metrics of one worker process from when it works until it drains or ends."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._times = ScriptTimes()
        self._ending = threading.Event()
        self.url: str | None = None
        """Where they are served now."""

    def runtime(self) -> Runtime:
        """The runtime of a worker that is measured."""
        return replace(
            SYSTEM_RUNTIME, start_renewing=self._start_renewing, open_client=self._open_client, observer=self
        )

    def works(
        self, context: WorkerContext, running: Callable[[], Sequence[LeasedTask]], state: Callable[[], WorkerState]
    ) -> None:
        """Serve from now on."""
        collector = WorkerCollector(partial(figures_of, context, running, state, self._times))
        threading.Thread(target=self._serve, args=[collector], name="redisched-metrics", daemon=True).start()

    def drains(self) -> None:
        """Free the port: another process has taken the place of this one."""
        self._ending.set()

    def _serve(self, collector: WorkerCollector) -> None:
        tries = 0
        while not self._ending.is_set():
            try:
                server = MetricsServer(collector, self._host, self._port)
            except (InvalidOption, OSError) as error:
                tries += 1
                if tries == TRIES:
                    log.warning("metrics are not served: %s; trying again", error)
                self._ending.wait(AGAIN_S)
                continue
            self.url = server.url
            log.debug("metrics are at %s", server.url)
            self._ending.wait()
            self.url = None
            server.close()

    def _open_client(self, broker: Broker) -> AsyncBrokerClient:
        return TimedClient(open_worker_client(broker), self._times)

    def _start_renewing(self, renewer: LeaseRenewer, broker: Broker) -> RunningRenewer:
        return LeaseRenewerThread(renewer, TimedBlockingClient(broker.open_client("lease-renewer"), self._times))


def figures_of(
    context: WorkerContext,
    running: Callable[[], Sequence[LeasedTask]],
    state: Callable[[], WorkerState],
    times: ScriptTimes,
) -> WorkerFigures:
    """The figures of a worker at this moment. Safe from any thread."""
    due, stalled = context.window.due, context.started.stalled()
    queues = served_queues(context.worker_settings, context.registry)
    known = (ActivityKey(entry.options.queue, entry.name) for entry in context.registry)
    return WorkerFigures(
        queues=queues,
        handlers=tuple(key for key in known if key.queue in queues),
        activity=context.tally.since_start(),
        scripts=times.by_script(),
        state=state(),
        slots=context.worker_settings.concurrency,
        busy=len(running()),
        due=due,
        ahead=max(0, len(context.window) - due),
        leased=len(context.in_flight),
        stalls={stall.word: stalled is not None and stalled.stall is stall for stall in SENTENCES},
    )
