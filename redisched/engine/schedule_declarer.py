"""Declares the schedules of the application's code: at the start of a worker, and again when a rollback or a loss of
data calls for it. While a worker of a newer deploy lives, this one declares nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from redisched.engine.logs import log
from redisched.engine.refused_queues import RefusedQueues
from redisched.engine.worker_context import WorkerContext
from redisched.schedules.declaration import Declarations, digest_of
from redisched.schedules.declaring import Declared, declare
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.operation import run_async
from redisched.store.schedule_store import ScheduleStore, declaring_queues, note_declaring
from redisched.store.schedule_values import ALIVE_MS, Declarer
from redisched.store.store import register

INTERVAL_S = 10.0
DECLARE_AGAIN_S = 300.0
"""What another program has damaged is declared again after so long."""
LOOK_AGAIN_S = 60.0
"""A worker without schedules looks so often whether an earlier deploy of its application has declared some."""


@dataclass(slots=True)
class ScheduleDeclarer:
    """Declares the schedules of an application's code, queue by queue. `on_declared` is called after changes."""

    context: WorkerContext
    broker: Broker
    client: AsyncBrokerClient
    application: str
    declarations: Declarations
    on_declared: Callable[[], None]
    _epochs: dict[str, str] = field(default_factory=dict)
    """The epoch in which each queue was wholly declared; empty while another deploy's schedules hold there."""
    _declared_s: dict[str, float] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _is_told_of_namesake: bool = False
    _refused: RefusedQueues = field(default_factory=lambda: RefusedQueues("declarations of schedules"))

    async def step(self) -> float:
        """Announce this worker and declare what is missing; answers how long to wait, in seconds."""
        runner, own = self.broker.script_runner, self.declarations.queues()
        noted = await run_async(declaring_queues(runner, self.application), self.client)
        if missing := sorted({*own} - {*noted}):
            # The worker itself may serve other queues only, and listings of schedules read those that are registered.
            await run_async(register(runner, missing), self.client)
            await run_async(note_declaring(runner, self.application, missing), self.client)
        queues = sorted({*own, *noted})
        if queues:
            self._tell_of_namesake()
        for queue in queues:
            with self._refused.going_on(queue):
                await self._announce(queue)
        return INTERVAL_S if queues else LOOK_AGAIN_S

    async def _announce(self, queue: str) -> None:
        wanted = self.declarations.of_queue(queue)
        announce = ScheduleStore(self.broker.script_runner, queue).announce(
            self.application, digest_of(wanted.values()), ALIVE_MS
        )
        announcement = await run_async(announce, self.client)
        now_s = self.context.clock.monotonic()
        if not announcement.is_current:
            if self._epochs.get(queue) != "":
                log.info("queue %s: a newer deploy of %s has declared its schedules", queue, self.application)
            self._epochs[queue] = ""
            return
        is_done = self._epochs.get(queue) == announcement.epoch
        if is_done and now_s - self._declared_s[queue] < DECLARE_AGAIN_S:
            return
        declarer = Declarer(self.application, announcement.epoch)
        declared = await run_async(declare(self.broker.script_runner, queue, wanted, declarer), self.client)
        self._tell(queue, declared)
        if declared.is_complete:
            self._epochs[queue], self._declared_s[queue] = announcement.epoch, now_s

    def _tell_of_namesake(self) -> None:
        handlers = [entry.name for entry in self.context.registry]
        is_alone = not handlers or not self.context.known_elsewhere.has_namesake(self.application, handlers)
        if is_alone or self._is_told_of_namesake:
            return
        self._is_told_of_namesake = True
        log.warning(
            "workers of another application named %s live, which have none of the handlers of this one: each removes"
            " the schedules that the other declares; give each a name, Settings(application=...)",
            self.application,
        )

    def _tell(self, queue: str, declared: Declared) -> None:
        if declared.stored or declared.removed:
            said = "queue %s: schedules declared by %s: %s; removed: %s"
            names = (", ".join(sorted(part)) or "none" for part in (declared.stored, declared.removed))
            log.info(said, queue, self.application, *names)
            self.on_declared()
        for name in set(declared.foreign) - self._told:
            self._told.add(name)
            log.error(
                "schedule %s of queue %s is not declared: another application, or a call, has added one of this name;"
                " give yours another name, or remove that one",
                *(name, queue),
            )
