"""Says every five seconds, in one call, that this worker process lives, who it is and what it serves.

From the answer it knows which deployments have live workers, so that the other parts of this process can tell what is
known elsewhere.
"""

import os
import socket
from collections.abc import Callable, Sequence
from importlib.metadata import version

from redisched.codec import decode_task
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.engine.order_taker import OrderTaker
from redisched.engine.resident_memory import resident_bytes
from redisched.engine.service import FOREVER_S
from redisched.engine.worker_context import WorkerContext, served_queues
from redisched.errors import FormatTooNew, Undecodable
from redisched.model import run_at_of
from redisched.orders import WorkerState
from redisched.store.operation import AsyncClient, run_async
from redisched.store.presence import MOST_TASKS, Deployment, Presence, ToldTask, digest_of
from redisched.store.roster import Introduced, Roster
from redisched.store.scripts import FORMAT

INTERVAL_S = 5.0
TOLD_S = 0.1
LIVE_MS = 15_000
"""A process that is killed counts as present for so long after it was heard of last."""

# Both read files, so they are read now: later the process may have no free descriptor.
_VERSION = version("redisched")
_HOST = socket.gethostname()


class Introducer:
    """Introduces one worker process, again and again. Make it inside the running event loop."""

    def __init__(self, context: WorkerContext, client: AsyncClient, roster: Roster) -> None:
        self._context = context
        self._client = client
        self._roster = roster
        self._began_s = context.clock.monotonic()
        self._live: tuple[str, ...] = ()
        self._read: dict[str, Deployment] = {}
        self.changed = context.known_elsewhere.asked
        self.on_first: Callable[[], None] = lambda: None
        """Called when this worker is the first that lives of those that serve what it serves."""
        self.application = ""
        """The name of the application."""
        self.order_taker: OrderTaker | None = None
        self.running: Callable[[], Sequence[LeasedTask]] = list
        """The tasks whose handlers run now."""
        self.state: Callable[[], WorkerState] = lambda: WorkerState.WORKING
        self._told = ""

    async def step(self) -> float:
        """Introduce this process once; answers how long to wait, in seconds."""
        serves = self.deployment().encode()
        digest = digest_of(serves)
        try:
            # Another worker of the deployment has sent what it serves, or this one has, so the digest is enough.
            introduced = await self._introduce(digest, b"")
            if not introduced.is_known:
                introduced = await self._introduce(digest, serves)
                self._tell_if_new(digest)
        except FormatTooNew as error:
            log.warning("this worker does not say that it lives: %s", error)
            return FOREVER_S
        is_told = self.order_taker is not None and self.order_taker.take(introduced.order)
        self._live = introduced.deployments
        self._read = {digest: self._read[digest] for digest in self._live if digest in self._read}
        others = [deployment for deployment in await self.deployments() if deployment.encode() != serves]
        self._context.known_elsewhere.learn(others, self._context.clock.monotonic())
        # Whoever has told it something looks whether it was heard.
        return TOLD_S if is_told else INTERVAL_S

    def _tell_if_new(self, digest: str) -> None:
        if digest != self._told:
            self._told = digest
            self.on_first()

    async def deployments(self) -> list[Deployment]:
        """What the deployments serve that have live workers, as of the latest introduction."""
        unread = [digest for digest in self._live if digest not in self._read]
        self._read |= await run_async(self._roster.deployments(unread), self._client)
        return [self._read[digest] for digest in self._live if digest in self._read]

    async def depart(self) -> None:
        """Say that this process has stopped."""
        await run_async(self._roster.depart(self._context.worker), self._client)

    def deployment(self) -> Deployment:
        """What this process serves."""
        context = self._context
        codecs = (entry.conversion.codec for entry in context.registry if entry.conversion is not None)
        return Deployment(
            version=_VERSION,
            application=self.application,
            app_version=context.worker_settings.app_version or "",
            format=FORMAT,
            codec=next(filter(None, codecs), ""),
            queues=served_queues(context.worker_settings, context.registry),
            handlers=tuple(sorted(entry.name for entry in context.registry)),
        )

    def presence(self, digest: str) -> Presence:
        """Who this process is, and what it has at hand. `digest` is that of its deployment."""
        context, running = self._context, self.running()
        window = context.window
        return Presence(
            host=_HOST,
            pid=os.getpid(),
            up_ms=round((context.clock.monotonic() - self._began_s) * 1e3),
            slots=context.worker_settings.concurrency,
            deployment=digest,
            live_ms=LIVE_MS,
            rss_bytes=resident_bytes(os.getpid()),
            state=self.state().value,
            busy=len(running),
            due=window.due,
            ahead=len(window) - window.due,
            running=tuple(_told(task, task.started_ms) for task in running[:MOST_TASKS]),
            window=tuple(_told(task, run_at_of(task.lease.score)) for task in window.first(MOST_TASKS)),
        )

    async def _introduce(self, digest: str, serves: bytes) -> Introduced:
        context = self._context
        heard = "" if self.order_taker is None else self.order_taker.heard
        presence = self.presence(digest).encode()
        introducing = self._roster.introduce(context.worker, presence, digest, serves, LIVE_MS, heard)
        sent_s = context.clock.monotonic()
        introduced = await run_async(introducing, self._client)
        # A worker with nothing to claim learns the server's time from this alone. It is cut to whole milliseconds.
        context.server_clock.observe(sent_s - 1e-3, context.clock.monotonic(), introduced.now_ms * 1_000)
        context.contact()
        return introduced


def _told(task: LeasedTask, at_ms: int) -> ToldTask:
    return ToldTask(task.lease.id, task.body.name or _name_in(task.lease.record), task.queue, at_ms)


def _name_in(record: bytes) -> str:
    """The name in the record of a task that has not started."""
    try:
        return decode_task(record, len(record)).name
    except Undecodable:
        return ""
