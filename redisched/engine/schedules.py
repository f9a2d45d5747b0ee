"""What a worker does for schedules: it declares those of its code, and fires the slots of all that it finds."""

import asyncio

from redisched.engine.schedule_declarer import ScheduleDeclarer
from redisched.engine.schedule_firer import ScheduleFirer
from redisched.engine.service import StartService
from redisched.engine.worker_context import WorkerContext
from redisched.store.broker import AsyncBrokerClient, Broker


class Schedules:
    """The two services about schedules; both run until `end`."""

    def __init__(
        self,
        context: WorkerContext,
        broker: Broker,
        client: AsyncBrokerClient,
        application: str,
        start_service: StartService,
    ) -> None:
        firer = ScheduleFirer(context, broker, client)
        declarer = ScheduleDeclarer(context, broker, client, application, context.registry.schedules, firer.look_soon)
        self._services = (
            start_service("schedules", firer.step, firer.changed),
            start_service("declarations of schedules", declarer.step),
        )

    async def end(self) -> None:
        """Stop both services."""
        await asyncio.gather(*(service.end(within_s=0.0) for service in self._services))
