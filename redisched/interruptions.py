"""The exceptions that end a running handler from outside. Import them from redisched.errors, to whose tree they
belong.
"""


class Interruption(BaseException):
    """Ends a running handler from outside. It is a BaseException, so `except Exception` in a handler does not catch
    it.
    """


class HandlerTimedOut(Interruption):
    """Raised inside a handler that ran longer than its timeout."""


class CancelRequested(Interruption):
    """Raised inside a handler whose task was cancelled."""


class LeaseLost(Interruption):
    """Raised inside a handler whose lease is lost: another worker may have the task, and the result will be refused."""
