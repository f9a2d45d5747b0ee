"""Gives back leased tasks that do not start soon, so that they do not wait behind a long task while another worker is
idle.
"""

from collections.abc import Callable

from redisched.engine import completion
from redisched.engine.settler import Settler
from redisched.engine.worker_context import WorkerContext

CHECK_EVERY_S = 0.02
"""The shortest time between two checks of the window: about as long as tasks are meant to wait in it."""


class PrefetchReleaser:
    """Checks the window from time to time. `on_room` is called after tasks have left it."""

    def __init__(self, context: WorkerContext, settler: Settler, on_room: Callable[[], None]) -> None:
        self._context = context
        self._settler = settler
        self._on_room = on_room

    async def step(self) -> float:
        """Release the tasks that have waited for too long; answers how long to wait before the next check, in
        seconds.
        """
        context = self._context
        if len(context.window):
            overdue = context.window.take_overdue(context.server_now_ms())
            for task in overdue:
                self._settler.add(completion.released(task))
            if overdue:
                self._on_room()
        return max(CHECK_EVERY_S, context.worker_settings.window_ms / 1e3)
