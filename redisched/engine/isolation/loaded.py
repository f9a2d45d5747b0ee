"""The application in a process of isolated handlers: its handlers, and what is open for them."""

import asyncio
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any

from redisched.engine.application import Application
from redisched.engine.around import handlers_to_call
from redisched.engine.event_loop import run_to_its_end
from redisched.engine.resources.process_resources import ProcessResources


class Loaded:
    """The handlers, to be called with their resources. Where something is open, one event loop stays for all of them:
    what was opened on a loop can be used on no other one.
    """

    def __init__(self, application: Application) -> None:
        """Opens the lifespans. Raises LifespanFailed."""
        self.settings = application.settings
        self._resources = ProcessResources()
        self.handlers = handlers_to_call(application.registry, self._resources)
        lifespans = application.registry.lifespans
        opens = bool(lifespans) or any(entry.resources is not None for entry in application.registry)
        self._runner = asyncio.Runner() if opens else None
        try:
            if lifespans:
                self.run(self._resources.begin(lifespans))
        except BaseException:
            self.close()
            raise

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end."""
        if self._runner is None:
            with asyncio.Runner() as runner:
                return run_to_its_end(runner.get_loop().create_task(coroutine))
        return run_to_its_end(self._runner.get_loop().create_task(coroutine, context=copy_context()))

    def close(self) -> None:
        """Close everything."""
        if self._runner is not None:
            run_to_its_end(self._runner.get_loop().create_task(self._resources.close()))
            self._runner.close()
