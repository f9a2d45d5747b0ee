"""Runs the handlers of an application within a test."""

import asyncio
from dataclasses import replace

from redisched.config import Until, WorkerSettings
from redisched.engine.application import Application
from redisched.engine.worker import Worker

_USUAL = WorkerSettings()


def work_off(application: Application, settings: WorkerSettings = _USUAL) -> None:
    """Run what is due, here and now, and return when nothing is due any more.

    What waits for a later moment, another attempt included, is left where it is.
    """
    asyncio.run(work_off_async(application, settings))


async def work_off_async(application: Application, settings: WorkerSettings = _USUAL) -> None:
    """As `work_off`, on the running event loop."""
    await Worker(application, replace(settings, until=Until.EMPTY)).run()
