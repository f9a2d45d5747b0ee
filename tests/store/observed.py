"""A queue to look at."""

from typing import TypeVar

from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, run
from redisched.store.view import TaskView
from tests.lua.situation import Situation, seed, together
from tests.snapshot import snapshot_of

T = TypeVar("T")
QUEUE = "mail"
LIMIT = 10_000
DIGEST = b"digest-x"


class Observed:
    """A queue to look at; every look is checked to change nothing."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.inspector = Inspector(broker.dialect, QUEUE)

    def given(self, *situations: Situation) -> None:
        """Begin with these tasks."""
        seed(self.broker, QUEUE, together(*situations))

    def store(self, name: str, id: str, value: bytes) -> None:
        """Put bytes in the place of what a situation says."""
        self.broker.client().perform(("HSET", f"redisched:{{{QUEUE}}}:{name}", id, value))

    def see(self, operation: Operation[T]) -> T:
        """Look."""
        before = snapshot_of(self.broker)
        seen = run(operation, self.broker.client())
        assert snapshot_of(self.broker) == before
        return seen

    def task(self, id: str) -> TaskView:
        """The task, which must be there."""
        view = self.see(self.inspector.task(id))
        assert view is not None
        return view
