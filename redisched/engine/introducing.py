"""What a worker does besides its work so that others know of it: it says that it lives and what it does, hears what it
is told, and brings tasks forward that waited for it.
"""

from dataclasses import dataclass

from redisched.engine.bring_forward import BringForward
from redisched.engine.introducer import Introducer
from redisched.engine.service import Service, StartService, ignore_broker_errors
from redisched.engine.tally_sender import TallySender
from redisched.engine.worker_context import WorkerContext
from redisched.store.operation import AsyncClient


@dataclass(frozen=True, slots=True)
class Introducing:
    """The loops that do it."""

    introducer: Introducer
    tally_sender: TallySender
    services: tuple[Service, ...]

    async def end(self) -> None:
        """End all, and say what was done last and that this worker has stopped."""
        for service in self.services:
            await service.end(within_s=0.0)
        await ignore_broker_errors(self.tally_sender.send())
        await ignore_broker_errors(self.introducer.depart())


def start_introducing(
    context: WorkerContext,
    client: AsyncClient,
    introducer: Introducer,
    tally_sender: TallySender,
    start_service: StartService,
) -> Introducing:
    """Start the loops."""
    bringing = BringForward(context, client)
    introducer.on_first = bringing.begin
    services = (
        start_service("introducer", introducer.step, introducer.changed),
        start_service("bringing tasks forward", bringing.step, bringing.changed),
        start_service("tally", tally_sender.step),
    )
    return Introducing(introducer, tally_sender, services)
