"""Which tasks a listing shows: those of several queues in one order, filtered by name."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import islice

from redisched.cli.session import Session
from redisched.model import TaskState
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation
from redisched.store.view import PENDING, TaskView, place_of

LOOK_LIMIT = 10_000
"""A filter by name looks at so many tasks of a queue at most: names are inside the records, where no index leads."""
_PAGE = 500

_ReadPage = Callable[[int, int], Operation[list[TaskView]]]


def tasks(
    opened: Session, queues: Collection[str], states: Collection[TaskState], name: str | None, limit: int
) -> list[TaskView]:
    """Tasks of these queues in these states, at most `limit`.

    First those that wait, in the order in which they will run; then leased ones by the end of their lease; then ended
    ones, the latest first.
    """
    found: list[TaskView] = []
    for queue in queues:
        inspector = opened.inspector(queue)
        if name is None:
            found += opened.ask(partial(_reader(inspector, states), limit, 0))
        else:
            every = _look_through(opened, _reader(inspector, states))
            found += islice((view for view in every if view.name == name), limit)
    return sorted(found, key=place_of)[:limit]


def _reader(inspector: Inspector, states: Collection[TaskState]) -> _ReadPage:
    return inspector.pending if set(states) == set(PENDING) else partial(inspector.in_states, states)


def _look_through(opened: Session, read_page: _ReadPage) -> Iterator[TaskView]:
    for offset in range(0, LOOK_LIMIT, _PAGE):
        page = opened.ask(partial(read_page, _PAGE, offset))
        yield from page
        if len(page) < _PAGE:
            return
