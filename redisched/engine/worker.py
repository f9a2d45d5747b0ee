"""One worker process: puts the parts together, and takes them apart in the right order."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVarTuple, Unpack

from redisched.config import Until, WorkerSettings
from redisched.engine import verdict
from redisched.engine.application import Application
from redisched.engine.check import check_server
from redisched.engine.claimer import BLOCK_S, Claimer
from redisched.engine.executor import Executor, Hooks
from redisched.engine.held import Held
from redisched.engine.identity import worker_name
from redisched.engine.keeper import Keeper
from redisched.engine.link import Outage, Part, log, wait_for
from redisched.engine.machine import THIS_MACHINE, Machine
from redisched.engine.patience import Patience
from redisched.engine.reaper import Reaper
from redisched.engine.scrubber import Scrubber
from redisched.engine.settler import Settler
from redisched.engine.started import NotShared, Started
from redisched.engine.waker import Waker
from redisched.engine.watchdog import Watchdog
from redisched.engine.window import Window
from redisched.engine.workspace import Workspace, served_queues
from redisched.errors import BrokerError, BrokerUnavailable, InvalidOption, QueueFull
from redisched.registry import Registry
from redisched.store.broker import AsyncBrokerClient
from redisched.store.operation import run_async
from redisched.store.store import Store
from redisched.store.values import Renewal, Status

A = TypeVarTuple("A")

FLUSH_S = 5.0
"""A stopping worker tries so long to settle what ended."""


class Worker:
    """Runs the handlers of an application in this process until it is stopped."""

    def __init__(
        self,
        application: Application,
        settings: WorkerSettings,
        started: Started | None = None,
        name: str | None = None,
        machine: Machine = THIS_MACHINE,
        target: str = "",
    ) -> None:
        """`target` is the MODULE:APP of the application, which only isolated handlers need.

        Raises InvalidOption if there is one that nobody could run.
        """
        check_isolation_is_possible(application.registry, target)
        self._broker = application.broker
        self._machine = machine
        self._settings = settings
        self._stopping = asyncio.Event()
        self.is_stuck = False
        """Whether it stopped because of handlers that do not end."""
        self._workspace = Workspace(
            worker=name or worker_name(machine.random),
            settings=application.settings,
            worker_settings=settings,
            registry=application.registry,
            stores={
                queue: Store(self._broker.dialect, queue) for queue in served_queues(settings, application.registry)
            },
            window=Window(settings.window_ms, settings.patience_ms),
            started=started or NotShared(),
            clock=machine.clock,
            random=machine.random,
            target=target,
        )

    @property
    def name(self) -> str:
        """The name under which this process holds leases."""
        return self._workspace.worker

    def stop(self) -> None:
        """Ask for a graceful stop; call it in the event loop's thread."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped, or until empty if so configured. Waits for a Redis that cannot be reached.

        Raises BrokerMisconfigured when Redis may evict tasks and that is not allowed.
        """
        client = self._broker.open_async_client(self._broker.timeout_s)
        blocking = self._broker.open_async_client(BLOCK_S + self._broker.timeout_s)
        try:
            if await self._reach_server(client):
                await self._work(client, blocking)
        finally:
            await blocking.close()
            await client.close()

    async def _reach_server(self, client: AsyncBrokerClient) -> bool:
        """Check the server and make the queues known; False if told to stop before it could be reached."""
        outage = Outage("start", self._settings.reconnect_backoff, self._workspace.random)
        while not self._stopping.is_set():
            try:
                await check_server(client, self._settings.eviction)
                await self._register_queues(client)
                return True
            except BrokerUnavailable as error:
                await wait_for(self._stopping, outage.failed(error))
        return False

    async def _register_queues(self, client: AsyncBrokerClient) -> None:
        try:
            for store in self._workspace.stores.values():
                await run_async(store.register(), client)
        except QueueFull as error:
            # A worker is what a full Redis needs, and only those who list queues miss the name.
            log.warning("start: %s", error)

    async def _work(self, client: AsyncBrokerClient, blocking: AsyncBrokerClient) -> None:
        workspace = self._workspace
        executor = Executor(workspace, self._machine.make_alarm)
        claimer = Claimer(workspace, client, executor)
        settler = Settler(workspace, client, claimer.settled)
        claiming = self._begin("claimer", claimer.step, claimer.changed)
        settling = self._begin("settler", settler.step, settler.changed)
        wakers = [Waker(workspace, store, blocking, claimer, executor, settler) for store in workspace.stores.values()]
        helping = [
            *(self._begin("waker", waker.step) for waker in wakers),
            self._begin("patience", Patience(workspace, settler, claimer.slot_freed).step),
            *(part for store in workspace.stores.values() for part in self._begin_care(store, client)),
        ]
        # From now on silence is noticed: the very first handler may be what keeps the keeper from its turn.
        workspace.started.sign(workspace.clock.monotonic())
        executor.start(
            Hooks(
                on_verdict=settler.add,
                on_free=claimer.slot_freed,
                mark_suspect=lambda held: _mark_suspect(workspace, client, held),
            )
        )
        watchdog = Watchdog(workspace, executor.running, _in_this_loop(partial(self._replace, executor)))
        keeping = self._machine.keep(Keeper(workspace, _in_this_loop(executor.interrupt), watchdog), self._broker)
        log.info("worker %s serves %s", workspace.worker, ", ".join(workspace.stores))
        try:
            parts = [part.task for part in (claiming, settling, *helping)]
            await self._wait_for_the_end(claimer, [*parts, *executor.runners])
        finally:
            # The order matters: nothing new comes in, what waits goes back, what runs may end, what has ended is
            # settled, and the leases are kept until then.
            await claiming.end(within_s=self._broker.timeout_s)
            for part in helping:
                await part.end(within_s=0.0)
            for waker in wakers:
                await quietly(waker.finish())
            for held in workspace.window.take_all():
                settler.add(verdict.released(held))
            await wait_until_done(executor.drain(), self._settings.grace_s)
            await executor.stop()
            await wait_until_done(settler.flush(), FLUSH_S)
            await settling.end(within_s=self._broker.timeout_s)
            keeping.stop()
            for store in workspace.stores.values():
                await quietly(run_async(store.wake(), client))

    def _replace(self, executor: Executor, stuck: list[Held], on_begun: Callable[[], None]) -> None:
        """Stop without waiting for handlers that do not end, so that another process takes this one's place."""
        self.is_stuck = True
        executor.abandon(stuck)
        self.stop()
        on_begun()

    def _begin_care(self, store: Store, client: AsyncBrokerClient) -> tuple[Part, Part]:
        reaper = Reaper(self._workspace, store, client)
        scrubber = Scrubber(self._workspace, store, client, reaper)
        return self._begin("reaper", reaper.step), self._begin("scrubber", scrubber.step)

    def _begin(self, name: str, step: Callable[[], Awaitable[float]], changed: asyncio.Event | None = None) -> Part:
        outage = Outage(name, self._settings.reconnect_backoff, self._workspace.random)
        return Part(step, changed or asyncio.Event(), outage)

    async def _wait_for_the_end(self, claimer: Claimer, tasks: list[asyncio.Task[None]]) -> None:
        """Returns when told to stop or empty; raises what a part or a slot died of, which only a defect can be."""
        ends = [asyncio.ensure_future(self._stopping.wait())]
        if self._settings.until is Until.EMPTY:
            ends.append(asyncio.ensure_future(claimer.drained.wait()))
        await asyncio.wait([*ends, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        for task in tasks:
            if task.done():
                task.result()


def check_isolation_is_possible(registry: Registry, target: str) -> None:
    """Raises InvalidOption for an isolated handler whose process could not find the application."""
    for entry in registry:
        if entry.is_isolated and not target:
            allowed = f"handler {entry.name} needs a worker that knows its application as MODULE:APP"
            raise InvalidOption("isolation", entry.options.isolation.value, allowed)


async def wait_until_done(work: Awaitable[None], within_s: float) -> None:
    """Wait for work to be done, but not longer than so many seconds."""
    try:
        async with asyncio.timeout(within_s):
            await work
    except TimeoutError:
        log.warning("not everything ended within %g s", within_s)


async def quietly(call: Awaitable[None]) -> None:
    """Do what can be left undone if Redis does not answer."""
    try:
        await call
    except BrokerError as error:
        log.debug("left undone while stopping: %s", error)


def _in_this_loop(call: Callable[[Unpack[A]], object]) -> Callable[[Unpack[A]], object]:
    """The same, callable from any thread."""
    loop = asyncio.get_running_loop()
    return lambda *arguments: loop.call_soon_threadsafe(call, *arguments)


async def _mark_suspect(workspace: Workspace, client: AsyncBrokerClient, held: Held) -> bool:
    lease = held.lease
    renewal = Renewal(lease.id, lease.token, max(1, int(workspace.server_now_ms())))
    sent_s = workspace.clock.monotonic()
    try:
        (status,) = await run_async(workspace.stores[held.queue].renew(workspace.lease_ms, [renewal]), client)
    except BrokerError:
        return False
    held.trusted_until_s = workspace.trusted_until_s(sent_s)
    return status is not Status.LOST
