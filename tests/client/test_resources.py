"""Resources are no arguments: callers do not pass them, what is stored does not know them, wrong ones are refused."""

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import pytest

from redisched import PROVIDED, Resource, Scheduler
from redisched.codec import DIGEST_BYTES, decode_task
from redisched.errors import InvalidArguments, InvalidOption

if TYPE_CHECKING:
    from decimal import Decimal as OnlyForTypeCheckers


class Database:
    """What a handler needs, and what cannot travel."""


def make_database() -> Database:
    """A database."""
    return Database()


Db = Annotated[Database, Resource(make_database)]
Own = Annotated[Database, Resource(make_database, per="task")]


@pytest.fixture
def app() -> Scheduler:
    return Scheduler()


def last(order: int, db: Db) -> None: ...
def first(db: Db, order: int) -> None: ...
def by_name(order: int, *, db: Db) -> None: ...
def by_alias(order: int, db: Annotated[Db, "and more"]) -> None: ...
def as_text(order: int, db: "Annotated[OnlyForTypeCheckers, Resource(make_database)]") -> None: ...
def with_default(order: int, db: Db = PROVIDED) -> None: ...
def before_rest(db: Db, *order: int) -> None: ...


@pytest.mark.parametrize("function", [last, first, by_name, by_alias, as_text, with_default, before_rest])
def test_it_is_no_argument(app: Scheduler, function: Callable[..., Any]) -> None:
    handler: Any = app.task(name="charge", unique=True)(function)
    plain: Any = app.task(name="plain", unique=True)(lambda order: None)
    charge, request = plain.options(id="a").request(5), handler.options(id="a").request(5)

    body = decode_task(request.task.record, 10_000)
    assert (list(body.args), dict(body.kwargs)) == ([5], {})
    assert len(request.task.record) == len(charge.task.record) + len("charge") - len("plain")
    if function is not before_rest:
        by_keyword = handler.options(id="a").request(order=5)
        assert by_keyword.task.record[:DIGEST_BYTES] == request.task.record[:DIGEST_BYTES]
    with pytest.raises(InvalidArguments, match=r"db of charge=.* left out, as the worker fills it in"):
        handler.enqueue(5, db=Database())
    with pytest.raises(InvalidArguments, match=r"db of charge=.* left out, as the worker fills it in"):
        app.enqueue("charge", 5, kwargs={"db": 1})


def test_one_too_many_is_refused_with_what_callers_pass(app: Scheduler) -> None:
    handler: Any = app.task(name="charge")(last)

    with pytest.raises(InvalidArguments, match=r"too many positional arguments; it takes \(order: int\)"):
        handler.enqueue(5, Database())


def test_a_unique_key_cannot_name_it(app: Scheduler) -> None:
    with pytest.raises(InvalidOption, match=r"of which the handler has order$"):
        app.task(name="charge", unique="{db}")(last)


def loops_a(b: "Annotated[int, Resource(loops_b)]") -> int:
    return b


def loops_b(a: "Annotated[int, Resource(loops_a)]") -> int:
    return a


def holds_own(db: Own) -> int:
    return len(repr(db))


def connect(url: str) -> Database:
    return Database()


def rest(*db: Db) -> None: ...
def others(**db: Db) -> None: ...
def positional(db: Db, /) -> None: ...
def defaulted(db: Db = Database()) -> None: ...  # noqa: B008
def twice(db: Annotated[Db, Resource(connect)]) -> None: ...
def uncalled(db: Annotated[Database, Resource]) -> None: ...
def needs_url(db: Annotated[Database, Resource(connect)]) -> None: ...
def undefined(db: "Annotated[Database, Resource(defined_nowhere)]") -> None: ...  # noqa: F821
def lonely(db: int = PROVIDED) -> None: ...
def circular(a: Annotated[int, Resource(loops_a)]) -> None: ...
def too_long_lived(size: Annotated[int, Resource(holds_own)]) -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (rest, "a Resource for a parameter that can be given by name"),
        (others, "a Resource for a parameter that can be given by name"),
        (positional, "a Resource for a parameter that can be given by name"),
        (defaulted, "default of db of charge=.*no default, as the worker always fills it in"),
        (twice, "one Resource, not several"),
        (uncalled, r"Resource\(...\) with the function that makes the value"),
        (needs_url, r"can be called without arguments, but for resources; this one takes \(url: str\)"),
        (undefined, "define or import defined_nowhere before the handler"),
        (lonely, r"Annotated\[..., Resource\(...\)\], as its default is PROVIDED"),
        (circular, "another resource, as loops_a would need itself"),
        (too_long_lived, "per of holds_own='process': per='task', because it needs make_database"),
    ],
)
def test_what_cannot_be_filled_in_is_refused(app: Scheduler, function: Callable[..., Any], said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        app.task(name="charge")(function)
    assert app.registry.get("charge") is None


@pytest.mark.parametrize(
    ("make", "per", "said"),
    [
        (5, "process", "a function that returns or yields the value"),
        (Resource(make_database), "process", "a function that returns or yields the value"),
        (make_database, "thread", "'process' or 'task'"),
    ],
)
def test_what_is_no_resource_is_refused_where_it_is_written(make: Any, per: Any, said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        Resource(make, per=per)


def test_called_by_hand_it_has_to_be_given(app: Scheduler) -> None:
    @app.task(name="charge")
    def charge(order: int, db: Db) -> list[Any]:
        return [order, type(db).__name__]

    call: Any = charge
    assert call(5, db=Database()) == [5, "Database"]
    with pytest.raises(InvalidArguments, match=r"db of charge=.*testing.context\(resources={make_database: ...}\)"):
        call(5)


def test_a_factory_may_be_any_callable(app: Scheduler) -> None:
    class Pool:
        def __call__(self) -> Database:
            return Database()

        def lend(self) -> Iterator[Database]:
            yield Database()

    pool = Pool()
    for number, make in enumerate([pool, pool.lend, functools.partial(connect, "redis://"), Database, lambda: 1]):

        def handler(db: Annotated[Any, Resource(make)]) -> None: ...

        entry = app.task(name=f"handler-{number}")(handler).entry
        assert entry.resources is not None
        assert entry.resources.names == {"db"}


def once() -> Iterator[None]:
    yield


anything: Any = once
partial_of_too_many = functools.partial(anything, 5)


@pytest.mark.parametrize(
    "function",
    [make_database, lambda: None, 5, partial_of_too_many, lambda worker: once()],
    ids=["function", "lambda", "number", "partial", "parameter"],
)
def test_what_is_no_lifespan_is_refused(app: Scheduler, function: Any) -> None:
    with pytest.raises(InvalidOption, match="a function without arguments that yields once, sync or async"):
        app.lifespan(function)
    assert app.registry.lifespans == []
