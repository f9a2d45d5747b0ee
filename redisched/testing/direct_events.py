"""Tells the events of an application in a test: each at once, in the test's own thread."""

from contextvars import copy_context
from typing import Any

from redisched.callables import is_awaitable, label_of
from redisched.engine.event_teller import EventTeller
from redisched.engine.leased_task import LeasedTask
from redisched.engine.logs import log
from redisched.events import EventFunctions
from redisched.testing.virtual_loop import VirtualLoops


class DirectEvents(EventTeller):
    """Calls the functions of an event as soon as it has happened, before the next task runs."""

    def __init__(self, functions: EventFunctions, loops: VirtualLoops) -> None:
        super().__init__(functions)
        self._loops = loops

    def tell_now(self, event: str, *arguments: Any) -> None:
        """Call the functions of an event. What they raise is logged, as in production."""
        for function in self._functions.of(event):
            try:
                result = function(*arguments)
                if is_awaitable(result):
                    self._loops.run(_awaited(result), copy_context())
            except Exception as error:
                log.error("event %s: %s raised", event, label_of(function), exc_info=error)

    def _happened(self, event: str, task: LeasedTask, *more: Any) -> None:
        self.tell_now(event, task.task_context(), *more)


async def _awaited(awaitable: Any) -> None:
    await awaitable
