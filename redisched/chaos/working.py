"""Runs the handlers of an application within a test."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from redisched.config import Settings, Until, WorkerSettings
from redisched.engine.application import Application
from redisched.engine.worker import Worker
from redisched.errors import RedischedError
from redisched.model import Isolation
from redisched.registry import Registry
from redisched.store.broker import Broker

_USUAL = WorkerSettings()


class EventLoopRunning(RedischedError, RuntimeError):
    """Raised when `work_off` is called while an event loop runs in this thread, because it would block the loop."""

    def __init__(self) -> None:
        super().__init__("work_off(app) blocks, and an event loop runs here; use: await work_off_async(app)")


@dataclass(frozen=True, slots=True)
class _InThisProcess:
    """An application whose handlers all run in this process, so that a test can see their effects."""

    name: str
    registry: Registry
    settings: Settings
    imports: Sequence[str]
    broker: Broker


def work_off(application: Application, settings: WorkerSettings = _USUAL) -> None:
    """Run all due tasks in this process, and return when no task is due any more. Isolated handlers run here, too.

    Tasks that are due later, including retries, keep waiting. Raises EventLoopRunning in an async test; await
    `work_off_async` there instead.
    """
    if _event_loop_runs():
        raise EventLoopRunning
    asyncio.run(work_off_async(application, settings))


async def work_off_async(application: Application, settings: WorkerSettings = _USUAL) -> None:
    """Do what `work_off` does, on the running event loop."""
    for name in application.imports:
        import_module(name)
    registry = Registry()
    for entry in application.registry:
        registry.add(replace(entry, options=replace(entry.options, isolation=Isolation.NONE)))
    registry.schedules = application.registry.schedules
    here = _InThisProcess(application.name, registry, application.settings, application.imports, application.broker)
    await Worker(here, replace(settings, until=Until.EMPTY)).run()


def _event_loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
