"""What goes wrong in the use of this package. Failed assertions are AssertionErrors, as everywhere."""

from collections.abc import Iterable

from redisched.errors import RedischedError


class WorkerInUse(RedischedError):
    """Raised when `testing.worker` is entered inside of another one: both would work on the same server."""

    def __init__(self) -> None:
        super().__init__("a testing.worker is in use already; end its block before you begin another")


class WorkerEnded(RedischedError):
    """Raised by a worker whose block has ended: its application has its own Redis again."""

    def __init__(self) -> None:
        super().__init__("the block of this testing.worker has ended, so it runs nothing; call it within the block")


class NoWorkerHere(RedischedError):
    """Raised by an assertion about tasks outside of `with testing.worker(app)`, or about those of another app."""

    def __init__(self, handler: str) -> None:
        self.handler = handler
        super().__init__(
            f"no testing.worker of the application of {handler} is in use; begin: with testing.worker(app)"
        )


class NothingDue(RedischedError):
    """Raised by `result()` and its kin when no task is due, so that what they wait for cannot end by itself."""

    def __init__(self, task_ids: Iterable[str], in_s: float | None) -> None:
        self.task_ids = tuple(sorted(task_ids))
        self.in_s = in_s
        then = "and none will be" if in_s is None else f"the next one is in {in_s:g} s: advance({in_s:g})"
        super().__init__(f"{', '.join(self.task_ids)} cannot end now: no task is due, {then}")


class NeverIdle(RedischedError):
    """Raised when more and more tasks are due at the same moment."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        super().__init__(
            f"{attempts} attempts ran, and more are due at the same moment: does a handler enqueue itself without a"
            " delay? If there are so many tasks, allow it: run_until_idle(most=...)"
        )


class FakeRedisMissing(RedischedError):
    """Raised when a test asks for fakeredis, which is not installed."""

    def __init__(self) -> None:
        super().__init__("fakeredis is not installed: pip install 'redisched[testing]', or take backend='embedded'")
