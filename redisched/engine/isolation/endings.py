"""Exceptions for the ends that only isolated handlers can have."""

from redisched.engine.retrying import RetryDecision


class RaisedInside(Exception):
    """Raised when the handler, or the import of the application, raised in the process of the handler. Has the text of
    the error and of its traceback. `decision` is what becomes of the task, which that process decided because it has
    the error itself; None if the handler was not called.
    """

    def __init__(self, error: str, traceback: str, decision: RetryDecision | None = None) -> None:
        self.error = error
        self.traceback = traceback
        self.decision = decision
        super().__init__(error)


class ResultUnstorable(Exception):
    """Raised when the handler returned what cannot be stored."""


class ProcessDied(Exception):
    """Raised when the process of a handler died and its worker had not killed it."""

    def __init__(self, exit_code: int | None) -> None:
        self.exit_code = exit_code
        by_signal = exit_code is not None and exit_code < 0
        super().__init__(f"signal {-exit_code}" if by_signal and exit_code else f"exit {exit_code}")


class NoRoomForProcess(Exception):
    """Raised when the system had no room for the process of a handler: no free descriptor, process or memory."""


class ProcessNotStarted(Exception):
    """Raised when no process could be made ready for a handler."""
