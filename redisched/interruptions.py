"""What ends a running handler from outside. Part of the tree in redisched.errors, where one imports it from."""


class Interruption(BaseException):
    """Ends a running handler from outside. No `except Exception` in a handler swallows it."""


class HandlerTimedOut(Interruption):
    """Raised inside a handler that ran longer than its timeout."""


class CancelRequested(Interruption):
    """Raised inside a handler whose task was cancelled."""


class LeaseLost(Interruption):
    """Raised inside a handler whose lease went to another worker: whatever it does now is refused."""
