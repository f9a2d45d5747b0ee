"""One worker process: starts its services, and stops them in the right order."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVarTuple, Unpack

from redisched.config import Until, WorkerSettings
from redisched.engine.application import Application, check_threads
from redisched.engine.around import handlers_to_call
from redisched.engine.check import check_address, check_rights, check_server
from redisched.engine.checkpoints import CheckpointSaver
from redisched.engine.claiming.claimer import Claimer
from redisched.engine.event_teller import EventTeller, telling_events
from redisched.engine.executor import Executor
from redisched.engine.hooks import Hooks
from redisched.engine.identity import worker_name
from redisched.engine.introducing import Introducing, start_introducing
from redisched.engine.lease_renewer import LeaseRenewer
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.note_start import note_start
from redisched.engine.order_taker import OrderTaker
from redisched.engine.own_task import own_task
from redisched.engine.prefetch_releaser import PrefetchReleaser
from redisched.engine.progress_check import ProgressCheck
from redisched.engine.reporter import Reporter
from redisched.engine.resources.process_resources import ProcessResources
from redisched.engine.runtime import SYSTEM_RUNTIME, Runtime
from redisched.engine.schedules import Schedules
from redisched.engine.service import RetryState, Service, wait_for
from redisched.engine.settler import Settler
from redisched.engine.shard_services import ShardServices
from redisched.engine.started import NoStartedTable, Started
from redisched.engine.tally import WorkTally
from redisched.engine.told_to_end import ToldToEnd
from redisched.engine.watchdog import Watchdog
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext, served_queues
from redisched.engine.worker_log import log_draining, log_start, log_stopped, log_stopping
from redisched.engine.worker_services import WorkerServices
from redisched.errors import BrokerUnavailable, InvalidOption, QueueFull
from redisched.events import WorkerInfo
from redisched.orders import WorkerOrder
from redisched.registry import Registry
from redisched.shard_map import ShardMap
from redisched.store.broker import AsyncBrokerClient
from redisched.store.operation import run_async
from redisched.store.roster import Roster
from redisched.store.store import Store, register
from redisched.store.tallies import Tallies

A = TypeVarTuple("A")


class Worker:
    """Runs the handlers of an application in this process until it is stopped."""

    def __init__(
        self,
        application: Application,
        settings: WorkerSettings,
        started: Started | None = None,
        name: str | None = None,
        runtime: Runtime = SYSTEM_RUNTIME,
        target: str = "",
        supervised: Callable[[WorkerOrder], None] | None = None,
    ) -> None:
        """`target` is the MODULE:APP of the application, which only isolated handlers need. `supervised` is called when
        somebody has told this worker to leave; a worker without a supervisor has nobody to tell.

        Raises InvalidOption if there is an isolated handler and no target, and AppNotFound if a library has replaced
        the interpreter's threads.
        """
        check_threads(target or "this application")
        check_isolation_is_possible(application.registry, target)
        self._broker = application.broker
        self._application_name = application.name
        self._runtime = runtime
        self._settings = settings
        self._queues = served_queues(settings, application.registry)
        self._told = ToldToEnd(supervised)
        self._tasks: set[asyncio.Task[None]] = set()
        self._defect: BaseException | None = None
        self._has_ended = asyncio.Event()
        self.is_stuck = False
        """Whether it stopped because of handlers that do not end."""
        self._events = EventTeller(application.registry.events) if application.registry.events else None
        self._resources = ProcessResources()
        self._context = WorkerContext(
            worker=name or worker_name(os.getpid(), f"{int(runtime.random() * 2**32):08x}"),
            settings=application.settings,
            worker_settings=settings,
            registry=handlers_to_call(application.registry, self._resources),
            stores={},
            window=Window(settings.window_ms, settings.release_after_ms),
            started=started or NoStartedTable(),
            clock=runtime.clock,
            random=runtime.random,
            target=target,
            tally=WorkTally(entry.name for entry in application.registry),
        )

    @property
    def name(self) -> str:
        """The name under which this process holds leases."""
        return self._context.worker

    def stop(self) -> None:
        """Ask for a graceful stop; call it in the event loop's thread."""
        self._told.stopping.set()

    def interrupt_opening(self) -> None:
        """End a lifespan that opens in this thread, by an exception; for the signal handler that tells to stop."""
        self._resources.interrupt_opening()

    def drain(self) -> None:
        """Ask the worker to claim nothing more, and to stop when its handlers have ended, however long they run; call
        it in the event loop's thread. After `stop` they have no more than the grace.
        """
        self._told.draining.set()

    async def run(self) -> None:
        """Work until stopped or drained, or until no task is left if so configured. Waits for a Redis that cannot be
        reached.

        Raises BrokerMisconfigured if Redis may evict tasks and the settings do not allow that, BrokerRefused if Redis
        refuses the connection or can never be reached with this URL, and LifespanFailed.
        """
        client = self._runtime.open_client(self._broker)
        try:
            shard_maps = await self._reach_server(client)
            lifespans = self._context.registry.lifespans
            if shard_maps and await self._resources.begin_unless(self._told.stopping, lifespans):
                await log_start(self._context, shard_maps, self._broker.address, client)
                async with telling_events(self._events, WorkerInfo(name=self.name, queues=self._queues)):
                    await self._work(client, shard_maps)
        finally:
            await self._resources.close()
            await client.close()

    async def _reach_server(self, client: AsyncBrokerClient) -> dict[str, ShardMap]:
        """Check the server, register the queues, and answer their shard maps; an empty dictionary if stopped before
        that.
        """
        retry_state = RetryState("start", self._settings.reconnect_backoff, self._context.random)
        while not self._told.stopping.is_set():
            try:
                await check_server(client, self._settings.eviction)
                await check_rights(client, self._broker.script_runner)
                await self._register_queues(client)
                stores = [Store(self._broker.script_runner, queue) for queue in self._queues]
                return {store.queue: await run_async(store.shard_map(), client) for store in stores}
            except BrokerUnavailable as error:
                await check_address(self._broker.address)
                await wait_for(self._told.stopping, retry_state.failed(error))
        return {}

    async def _register_queues(self, client: AsyncBrokerClient) -> None:
        try:
            await run_async(register(self._broker.script_runner, self._queues), client)
        except QueueFull as error:
            # A full Redis needs workers more than the name of a queue, which only listings of queues miss.
            log.warning("start: %s", error)

    async def _work(self, client: AsyncBrokerClient, shard_maps: Mapping[str, ShardMap]) -> None:
        context = self._context
        executor = Executor(context, self._runtime.make_alarm, self._events)
        reporter = Reporter(context, client)
        settler = Settler(context, client, reporter, self._events)
        claimer = Claimer(context, client, executor, settler)
        shard_services = ShardServices(context, self._broker, client, claimer, self._start_service)
        for queue, shard_map in shard_maps.items():
            shard_services.serve(queue, shard_map)
        # From now on the supervisor notices a blocked process. Even the first handler may block the lease renewer.
        context.started.note_alive(context.clock.monotonic())
        executor.start(
            Hooks(
                on_completion=settler.add,
                on_free=claimer.slot_freed,
                note_start=partial(note_start, context, client),
                checkpoints=CheckpointSaver(context, self._broker),
                reporter=reporter,
            )
        )
        renewer = self._make_renewer(executor, claimer, settler)
        worker_services = WorkerServices(
            context=context,
            client=client,
            claimer=claimer,
            claiming=self._start_service("claimer", claimer.step, claimer.changed),
            shard_services=shard_services,
            schedules=Schedules(context, self._broker, client, self._application_name, self._start_service),
            releasing=self._start_service(
                "prefetch releaser", PrefetchReleaser(context, settler, claimer.slot_freed).step
            ),
            executor=executor,
            reporting=self._start_service("reporter", reporter.step, reporter.changed),
            introducing=self._start_introducing(client, claimer, executor),
            settler=settler,
            settling=self._start_service("settler", partial(_settle, settler, claimer), settler.changed),
            renewer=renewer,
            renewing=self._runtime.start_renewing(renewer, self._broker),
        )
        try:
            await self._wait_for_the_end(claimer, executor.failure)
        finally:
            if self._told.draining.is_set() and not self._told.stopping.is_set():
                self._runtime.observer.drains()
                log_draining(context.worker, len(executor.running()))
                await worker_services.drain(self._told.stopping)
            log_stopping(context.worker, len(executor.running()), self._settings.grace_s)
            await worker_services.stop(self._settings.grace_s)
            log_stopped(context.worker, settler.ends)

    def _make_renewer(self, executor: Executor, claimer: Claimer, settler: Settler) -> LeaseRenewer:
        """What renews leases, and watches handlers and progress in its rounds."""
        context, state = self._context, partial(self._told.state, claimer)
        watchdog = Watchdog(context, executor.running, _in_this_loop(partial(self._replace, executor)))
        progress_check = ProgressCheck(context, self._broker, executor.running, state, settler.ends)
        return LeaseRenewer(context, _in_this_loop(executor.interrupt), watchdog, progress_check)

    def _replace(self, executor: Executor, stuck: list[LeasedTask], on_begun: Callable[[], None]) -> None:
        """Stop without waiting for handlers that do not end, so that the supervisor replaces this process."""
        self.is_stuck = True
        executor.abandon(stuck)
        self.stop()
        on_begun()

    def _start_introducing(self, client: AsyncBrokerClient, claimer: Claimer, executor: Executor) -> Introducing:
        introducer = self._runtime.introducer(self._context, client, Roster(self._broker.script_runner))
        introducer.application = self._application_name
        introducer.order_taker = OrderTaker(self.name, claimer, self._told.leave)
        introducer.running = executor.running
        introducer.state = partial(self._told.state, claimer)
        self._runtime.observer.works(self._context, introducer.running, introducer.state)
        tally_sender = self._runtime.tally_sender(self._context, client, Tallies(self._broker.script_runner))
        return start_introducing(self._context, client, introducer, tally_sender, self._start_service)

    def _start_service(
        self, name: str, step: Callable[[], Awaitable[float]], changed: asyncio.Event | None = None
    ) -> Service:
        retry_state = RetryState(name, self._settings.reconnect_backoff, self._context.random)
        service = Service(step, changed or asyncio.Event(), retry_state)
        service.task.add_done_callback(self._note_end)
        self._tasks.add(service.task)
        return service

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """A service ended: either it was told to, or it raised because of a defect."""
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._defect = self._defect or task.exception()
            self._has_ended.set()

    async def _wait_for_the_end(self, claimer: Claimer, failure: asyncio.Future[None]) -> None:
        """Returns when told to stop or to drain, or when no task is left; raises the error of a service or slot that
        died, which can only be a defect.
        """
        awaited = [self._told.stopping, self._told.draining, self._has_ended]
        if self._settings.until is Until.EMPTY:
            awaited.append(claimer.drained)
        ends: list[asyncio.Future[Any]] = [own_task(event.wait()) for event in awaited]
        await asyncio.wait([failure, *ends], return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        if self._defect is not None:
            raise self._defect
        if failure.done():
            failure.result()


def check_isolation_is_possible(registry: Registry, target: str) -> None:
    """Raises InvalidOption for an isolated handler whose process could not find the application."""
    for entry in registry:
        if entry.is_isolated and not target:
            allowed = f"handler {entry.name} needs a worker that knows its application as MODULE:APP"
            raise InvalidOption("isolation", entry.options.isolation.value, allowed)


def _in_this_loop(call: Callable[[Unpack[A]], object]) -> Callable[[Unpack[A]], object]:
    """A function that can be called from any thread, and runs `call` in the event loop of this thread."""
    loop = asyncio.get_running_loop()
    return lambda *arguments: loop.call_soon_threadsafe(call, *arguments)


async def _settle(settler: Settler, claimer: Claimer) -> float:
    """A step of the settler, after which the claimer checks whether everything is done."""
    delay_s = await settler.step()
    claimer.settled()
    return delay_s
