"""Queues that filters are read on, and what a read asks Redis for."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from redisched.codec import encode_failure, encode_task
from redisched.errors import BrokerError
from redisched.filters.parsing import parse
from redisched.filters.reading import LOOKS, FilteredPage, read_page
from redisched.model import Failure, TaskBody
from redisched.store.broker import Broker
from redisched.store.operation import Operation, T, run
from redisched.store.store import Store
from tests.lua.situation import Situation, dead, seed, together, waiting

_LIMIT = 1 << 20


def named(situation: Situation, name: str, *args: Any) -> Situation:
    """The same task, with a body that can be read."""
    ((id, _),) = situation["tasks"].items()
    record = b"digest-x" + encode_task(TaskBody(name, args), _LIMIT)
    return situation | {"tasks": {id: record}}


def died(id: str, error: str, died_ms: int, name: str = "send") -> Situation:
    """A dead task with an error."""
    failure = encode_failure(Failure(name=name, error=error, reason="attempts used up"))
    return named(dead(id, died_ms=died_ms), name) | {"failures": {id: b"0 " + failure}}


class Queues:
    """Queues with tasks. `before_command` is called with the number of commands so far; `asked` counts the commands of
    all reads, and `most_bytes` is the largest reply to one.
    """

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.asked: Counter[str] = Counter()
        self.most_bytes = 0
        self.before_command: Callable[[int], None] = lambda _number: None
        self._client = broker.client()

    def given(self, queue: str, *situations: Situation) -> None:
        """Begin with these tasks in a queue."""
        store = Store(self.broker.script_runner, queue)
        run(store.register(), self._client)
        seed(self.broker, queue, together(*situations))

    def now_ms(self) -> int:
        """The time of the server."""
        seconds, microseconds = self._client.perform(("TIME",))
        return int(seconds) * 1_000 + int(microseconds) // 1_000

    def ask(self, operation: Operation[T]) -> T:
        """Run an operation, and count what it asks for."""
        try:
            step = operation.send(None)
            while True:
                assert isinstance(step, tuple)
                self.before_command(self.asked.total())
                self.asked[str(step[0])] += 1
                try:
                    reply = self._client.perform(step)
                except BrokerError as error:
                    step = operation.throw(error)
                else:
                    if isinstance(reply, list):
                        size = sum(len(part) for part in reply if isinstance(part, bytes))
                        self.most_bytes = max(self.most_bytes, size)
                    step = operation.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def page(self, text: str, cursor: str | None = None, limit: int = 50, looks: int = LOOKS) -> FilteredPage:
        """One page."""
        return self.ask(read_page(self.broker.script_runner, parse(text), cursor, limit, looks))

    def pages(self, text: str, limit: int = 50, looks: int = LOOKS) -> Sequence[FilteredPage]:
        """All pages, each found by the cursor that the one before ended with."""
        pages = [self.page(text, None, limit, looks)]
        while pages[-1].cursor is not None:
            pages.append(self.page(text, pages[-1].cursor, limit, looks))
        return pages

    def listed(self, text: str, limit: int = 50, looks: int = LOOKS) -> list[str]:
        """The ids on all pages."""
        return [view.id for page in self.pages(text, limit, looks) for view in page.views]


def many_waiting(count: int, name: str = "send", first: int = 0) -> Situation:
    """Many due tasks, one after the other."""
    return together(*(named(waiting(f"w{number:05}", run_at_ms=1 + number), name) for number in range(first, count)))
