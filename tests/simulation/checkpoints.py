"""Checks what handlers save of their progress: only a holder saves, and the next attempt is given the latest."""

from collections.abc import Callable

from redisched.codec import decode_state
from tests.simulation.calls import check, rows_of
from tests.simulation.history import Execution
from tests.simulation.server import Call
from tests.simulation.shadow import Shadow

WIDTH = 3
"""The number of values of a task whose checkpoint is saved."""


class Checkpoints:
    """The referee's part for checkpoints. `held` finds a task that is leased under a token."""

    def __init__(self, held: Callable[[bytes, bytes], Shadow | None]) -> None:
        self._held = held
        self.checks: dict[str, Callable[[Call], None]] = {"checkpoint": self._save}

    def _save(self, call: Call) -> None:
        for (id, token, state), status in rows_of(call.arguments, WIDTH, call.reply):
            task = self._held(id, token)
            if task is not None:
                task.saved = state
            expected = b"LOST" if task is None else b"SAVED"
            check(status == expected, "G6: only the holder saves a checkpoint", call, id, expected)


def is_given_what_was_saved(execution: Execution, task: Shadow | None) -> bool:
    """Whether a handler that starts under a valid lease was given the latest checkpoint of its task."""
    if task is None or not task.is_held(execution.fence):
        return True
    return bool(execution.state == (decode_state(task.saved) if task.saved else None))
