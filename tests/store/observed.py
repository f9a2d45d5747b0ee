"""A queue that observers read."""

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from redisched.filters.conditions import NameIn
from redisched.filters.filter import Filter
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, run
from redisched.store.page import Page, Place, Query
from redisched.store.view import TaskView
from tests.lua.situation import Situation, seed, together
from tests.snapshot import snapshot_of

T = TypeVar("T")
QUEUE = "mail"
LIMIT = 10_000
DIGEST = b"digest-x"


def pages_of(inspector: Inspector, see: Callable[[Operation[Page]], Page], query: Query) -> Iterator[Page]:
    """Every page of a listing, one after the other, each found by the text that the one before ended with."""
    place = None
    while True:
        page = see(inspector.page(query, place))
        yield page
        if page.next is None:
            return
        place = Place.read("after", str(page.next))


class Observed:
    """A queue to look at; every look is checked to change nothing."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.inspector = Inspector(broker.script_runner, QUEUE)

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

    def pages(self, states: Collection[TaskState], limit: int, name: str | None = None) -> Iterator[Page]:
        """Every page of a listing, one after the other."""
        matcher = None if name is None else Filter((NameIn.exactly(name),))
        return pages_of(self.inspector, self.see, Query(states=states, limit=limit, matcher=matcher))

    def listed(self, states: Collection[TaskState], limit: int = 100, name: str | None = None) -> list[TaskView]:
        """Everything on the pages of a listing."""
        return [view for page in self.pages(states, limit, name) for view in page.views]

    def task(self, id: str) -> TaskView:
        """The task, which must be there."""
        view = self.see(self.inspector.task(id))
        assert view is not None
        return view
