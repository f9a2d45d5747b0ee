"""How an isolated handler can end that no other can, as the exceptions by which its worker learns of it."""


class RaisedInside(Exception):
    """Raised when the handler raised in its process: what it raised, as text."""

    def __init__(self, error: str, traceback: str) -> None:
        self.error = error
        self.traceback = traceback
        super().__init__(error)


class ResultUnstorable(Exception):
    """Raised when the handler returned what cannot be stored."""


class ProcessDied(Exception):
    """Raised when the process of a handler died, not by its worker's hand."""

    def __init__(self, exit_code: int | None) -> None:
        self.exit_code = exit_code
        by_signal = exit_code is not None and exit_code < 0
        super().__init__(f"signal {-exit_code}" if by_signal and exit_code else f"exit {exit_code}")


class NoRoomForProcess(Exception):
    """Raised when the system had no room for the process of a handler: no free descriptor, process or memory."""


class ProcessNotStarted(Exception):
    """Raised when no process could be made ready for a handler."""
