"""One function as several handlers, handlers of handlers, and functions that are defined once more."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

import redisched
from redisched import Retry, Scheduler, fixed, never
from redisched.errors import DuplicateHandler, InvalidArguments, InvalidOption
from redisched.store.broker import Broker


def send(order: int) -> int:
    return order


def test_a_function_under_two_names_is_two_handlers(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    first = app.task(name="first", queue="one")(send)
    second = app.task(name="second", queue="two")(send)

    assert (first.name, second.name) == ("first", "second")
    assert [handler.enqueue(1).queue for handler in (first, second)] == ["one", "two"]
    assert "queue one" in repr(first)
    assert "queue two" in repr(second)


def test_a_handler_of_another_application_is_registered_as_its_function(broker: Broker) -> None:
    elsewhere = Scheduler("redis://localhost:1")
    app = Scheduler(broker=broker)
    theirs = elsewhere.task(name="theirs", queue="far")(send)
    ours = app.task(name="ours", queue="near")(theirs)

    assert ours.entry.function is send
    assert ours.enqueue(1).queue == "near"
    assert theirs.entry.options.queue == "far"


def test_a_function_that_wraps_a_handler_is_a_handler_of_its_own(broker: Broker) -> None:
    elsewhere = Scheduler("redis://localhost:1")
    app = Scheduler(broker=broker)
    theirs = elsewhere.task(name="theirs", queue="far")(send)

    @app.task(name="ours", queue="near")
    @functools.wraps(theirs)
    def ours(order: int) -> int:
        return order

    assert (ours.name, ours.enqueue(1).queue) == ("ours", "near")
    assert vars(ours)["__name__"] == "send"


def injecting(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.wraps(function)(lambda *args: function("session", *args))


def renaming(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def called(number: int, *, loud: bool = False) -> Any:
        return function(number)

    return called


class Counter:
    def __call__(self, number: int) -> int:
        return number

    def method(self, number: int) -> int:
        return number


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (injecting(lambda session, order: order), (5,), {}),
        (renaming(send), (5,), {"loud": True}),
        (functools.partial(send, order=3), (), {}),
        (functools.partial(lambda a, b: a, 1), (2,), {}),
        (Counter(), (1,), {}),
        (Counter().method, (1,), {}),
    ],
    ids=["injected", "renamed", "partial by name", "partial by position", "callable", "method"],
)
def test_arguments_that_a_direct_call_accepts_are_accepted(
    broker: Broker, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    app = Scheduler(broker=broker)
    handler = app.task(name="called")(function)
    handler(*args, **kwargs)
    handler.enqueue(*args, **kwargs)
    app.enqueue("called", *args, kwargs=kwargs)


def test_arguments_that_a_direct_call_refuses_are_refused(broker: Broker) -> None:
    handler = Scheduler(broker=broker).task(name="called")(renaming(send))
    for args, kwargs in (((), {}), ((1, 2), {}), ((1,), {"order": 2})):
        with pytest.raises(InvalidArguments):
            handler.enqueue(*args, **kwargs)


CELL = "@app.task(queue={queue!r})\ndef work(number): return {result}\n"


def test_a_function_that_is_defined_again_replaces_the_earlier_one(broker: Broker) -> None:
    notebook: dict[str, Any] = {"app": Scheduler(broker=broker), "__name__": "notebook"}
    exec(CELL.format(queue="old", result=1), notebook)  # noqa: S102 - as a cell is run
    before = notebook["work"]
    exec(CELL.format(queue="new", result=2), notebook)  # noqa: S102

    assert notebook["app"].registry.get("notebook.work").function(0) == 2
    assert notebook["work"].enqueue(1).queue == "new"
    assert before.enqueue(1).queue == "old"


def other(order: int) -> int:
    return order


def made(result: int) -> Callable[[], int]:
    def function() -> int:
        return result

    return function


@pytest.mark.parametrize(
    ("first", "second"),
    [(send, other), (lambda: 1, lambda: 2), (made(1), made(2)), (Counter(), Counter())],
    ids=["functions", "lambdas", "closures", "objects"],
)
def test_another_function_under_a_used_name_is_refused(
    broker: Broker, first: Callable[..., Any], second: Callable[..., Any]
) -> None:
    app = Scheduler(broker=broker)
    app.task(name="taken")(first)
    app.task(name="taken")(first)
    with pytest.raises(DuplicateHandler):
        app.task(name="taken")(second)


def test_a_name_that_begins_with_a_sign_is_refused_with_that_reason(broker: Broker) -> None:
    with pytest.raises(InvalidOption, match="beginning with a letter"):
        Scheduler(broker=broker).task(name="<lambda>")


class Shop:
    """A class whose methods are tried as handlers."""

    def __init__(self, name: str) -> None:
        self.name = name

    def greet(self, guest: str) -> str:
        return f"{self.name} greets {guest}"

    @staticmethod
    def add(one: int, other: int) -> int:
        return one + other


def test_a_method_without_its_object_is_refused_where_it_is_registered(broker: Broker) -> None:
    app = Scheduler(broker=broker)

    with pytest.raises(InvalidOption, match="a worker has no object for self: make it a @staticmethod"):
        app.task(Shop.greet)

    assert app.task(Shop("Ada").greet)("Grace") == "Ada greets Grace"
    assert app.task(Shop.add)(1, 2) == 3


async def pause_later(_attempt: int, _error: BaseException) -> float:
    return 1.0


@pytest.mark.parametrize(
    "backoff",
    [lambda _attempt: 1, lambda: 1, lambda _attempt, _error, _more: 1, ValueError, pause_later],
)
@pytest.mark.parametrize("policy", [lambda given: Retry(backoff=given), lambda given: Retry.match({KeyError: given})])
def test_a_function_that_cannot_give_a_pause_is_refused(fake_app: Scheduler, backoff: Any, policy: Any) -> None:
    """It would fail in the worker, where the pause of the default takes its place."""
    with pytest.raises(InvalidOption, match=r"backoff=.*a function that"):
        fake_app.task(name="pay", retry=policy(backoff))(lambda: None)


def test_a_function_that_gives_a_pause_is_taken(fake_app: Scheduler) -> None:
    def pause(attempt: int, error: BaseException, factor: int = 2) -> int:
        return attempt * factor

    rules: Any = {KeyError: pause, ValueError: never, OSError: fixed(3), TypeError: [1, 2]}
    policies = [Retry(backoff=pause), Retry.match(rules), Retry(backoff=functools.partial(pause, factor=3))]
    for number, policy in enumerate(policies):
        handler = fake_app.task(name=f"pay_{number}", retry=policy)(lambda: None)
        assert handler.entry.options.retry is policy


def test_the_package_lists_what_it_exports() -> None:
    assert set(redisched.__all__) <= set(dir(redisched))
    assert "Scheduler" in dir(redisched)
