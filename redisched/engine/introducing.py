"""What a worker does besides its work so that others know of it: it says that it lives, and brings tasks forward that
waited for it.
"""

from dataclasses import dataclass

from redisched.engine.bring_forward import BringForward
from redisched.engine.introducer import Introducer
from redisched.engine.service import Service, StartService, ignore_broker_errors
from redisched.engine.worker_context import WorkerContext
from redisched.store.operation import AsyncClient


@dataclass(frozen=True, slots=True)
class Introducing:
    """The two loops that do it."""

    introducer: Introducer
    services: tuple[Service, Service]

    async def end(self) -> None:
        """End both, and say that this worker has stopped."""
        for service in self.services:
            await service.end(within_s=0.0)
        await ignore_broker_errors(self.introducer.depart())


def start_introducing(
    context: WorkerContext, client: AsyncClient, introducer: Introducer, start_service: StartService
) -> Introducing:
    """Start both loops."""
    bringing = BringForward(context, client)
    introducer.on_first = bringing.begin
    services = (
        start_service("introducer", introducer.step, introducer.changed),
        start_service("bringing tasks forward", bringing.step, bringing.changed),
    )
    return Introducing(introducer, services)
