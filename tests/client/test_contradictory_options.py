"""Options that do not go together are refused, and what a call says takes the place of what its handler says."""

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest

from redisched import Reject, Retry, Scheduler, fixed, gather, never
from redisched.errors import InvalidOption
from redisched.store.broker import Broker
from tests.brokers import fake_broker
from tests.client.callers import Caller
from tests.snapshot import snapshot_of


@pytest.fixture
def broker() -> Broker:
    """A fake one will do: what is refused here never reaches a server."""
    return fake_broker()


def send(order: int = 1) -> None: ...


async def key_of(order: int) -> str:
    return f"order:{order}"


@pytest.mark.parametrize(
    ("options", "option", "allowed"),
    [
        ({"delivery": "at_most_once", "max_attempts": 2}, "max_attempts", "1 attempt, as delivery='at_most_once'"),
        ({"delivery": "at_most_once", "retry": Retry(attempts=3)}, "retry", "1 attempt, as delivery='at_most_once'"),
        ({"max_attempts": 3, "retry": Retry()}, "max_attempts", "give attempts to Retry"),
        ({"retention": 0, "keep": "task"}, "keep", "nothing with a retention of 0"),
        ({"timeout_grace": 5, "timeout": 5}, "timeout_grace", "only with isolation='process'"),
        ({"unique": key_of}, "unique", "a function that is not async"),
    ],
)
def test_a_handler_is_not_registered(app: Scheduler, options: dict[str, Any], option: str, allowed: str) -> None:
    with pytest.raises(InvalidOption, match=f"{option}=") as refused:
        app.task(name="send", **options)(send)

    assert allowed in str(refused.value)
    assert list(app.registry) == []


@pytest.mark.parametrize(
    ("of_handler", "of_call", "option", "allowed"),
    [
        ({"expires": 5}, {"delay": 60}, "delay", "less than 5 s, the expires of the handler; or give expires="),
        ({"deadline": 9}, {"delay": timedelta(seconds=9)}, "delay", "less than 9 s, the deadline of the handler"),
        ({}, {"delay": 60, "expires": 60}, "expires", "later than the time from which the task may run"),
        ({}, {"delay": 60, "deadline": 5}, "deadline", "later than the time from which the task may run"),
        ({"delivery": "at_most_once"}, {"max_attempts": 2}, "max_attempts", "1 attempt, as delivery='at_most_once'"),
        ({}, {"retry": Retry()}, "retry", "it holds for a handler; give it to @app.task"),
        ({}, {"delivery": "at_most_once"}, "delivery", "it holds for a handler; give it to @app.task"),
        ({}, {"isolation": "process"}, "isolation", "it holds for a handler; give it to @app.task"),
        ({}, {"timeout_grace": 5}, "timeout_grace", "it holds for a handler; give it to @app.task"),
        ({}, {"unique_for": 5}, "unique_for", "5.0: give unique= as well"),
        ({}, {"unique_for": "until_started"}, "unique_for", "'until_started': give unique= as well"),
        ({}, {"debounce_max": 5}, "debounce_max", "5.0: give unique= as well"),
        ({"unique": "{order}", "unique_for": 5}, {"on_duplicate": "replace"}, "unique_for", "'until_started' or"),
        ({"unique": lambda order: None}, {}, "unique", "returns the key, not None; give unique=None"),
        ({"unique": lambda order: 1 // 0}, {}, "unique", "it raised ZeroDivisionError: "),
        ({"unique": lambda: "key"}, {}, "unique", "it raised TypeError: "),
    ],
)
def test_a_call_adds_nothing(
    app: Scheduler,
    call: Caller,
    of_handler: dict[str, Any],
    of_call: dict[str, Any],
    option: str,
    allowed: str,
) -> None:
    handler = app.task(name="send", **of_handler)(send)
    refused: list[Callable[[], object]] = [
        lambda: call(app.enqueue, "send", 1, **of_call),
        lambda: handler.options(**of_call).enqueue(1),
        lambda: app.enqueue_many([handler.options(**of_call).request(1)]),
    ]
    for attempt in refused:
        with pytest.raises(InvalidOption, match=f"{option}=") as caught:
            attempt()
        assert allowed in str(caught.value)
    assert snapshot_of(app.broker) == {}


@pytest.mark.parametrize(
    ("of_handler", "of_call"),
    [
        ({"expires": 5}, {"delay": 60, "expires": None}),
        ({"expires": 5, "deadline": 5}, {"delay": 60, "expires": 120, "deadline": 120}),
        ({"unique": True, "on_duplicate": "debounce", "debounce_max": 60}, {"on_duplicate": "return"}),
        ({"unique": True, "on_duplicate": "debounce", "debounce_max": 60}, {"unique": None}),
        ({"unique": True, "unique_for": 60}, {"on_duplicate": "replace", "unique_for": "until_done"}),
    ],
)
def test_a_call_takes_back_what_its_handler_says(
    app: Scheduler, of_handler: dict[str, Any], of_call: dict[str, Any]
) -> None:
    assert app.task(name="send", **of_handler)(send).options(**of_call).enqueue(1).is_new


class Queue(str, Enum):  # noqa: UP042 - unlike a StrEnum, it is formatted as its name
    MAIL = "mail"


def test_a_text_of_an_enum_is_taken_as_its_text(app: Scheduler) -> None:
    task = app.task(name="send", queue=Queue.MAIL, unique=Queue.MAIL)(send).enqueue(1)

    assert (task.queue, type(task.queue)) == ("mail", str)
    assert app.ref(task.id, "mail").status() == "ready"


@pytest.mark.parametrize("requests", [None, 5, [None], ["send"], [5]])
def test_what_is_no_request_is_refused_with_nothing_sent(app: Scheduler, call: Caller, requests: Any) -> None:
    given = [app.request("send"), *requests] if isinstance(requests, list) else requests

    with pytest.raises(InvalidOption, match=r"requests=.*as `request` of a handler"):
        call(app.enqueue_many, given)

    assert snapshot_of(app.broker) == {}


@pytest.mark.parametrize(
    ("ask", "option"),
    [
        (lambda app: app.refs("an-id"), "tasks"),
        (lambda app: app.refs(None), "tasks"),
        (lambda app: app.select(error=b"no"), "error"),
        (lambda app: app.select(error="("), "error"),
        (lambda app: gather([None]), "refs"),  # type: ignore[arg-type]  # bad on purpose
        (lambda app: Retry(rules=5), "rules"),  # type: ignore[arg-type]  # bad on purpose
        (lambda app: Retry.match({(): fixed(1)}), "match"),
        (lambda app: Retry.match({(OSError, 5): never}), "match"),  # type: ignore[dict-item]  # bad on purpose
        (lambda app: Reject(""), "reason"),
    ],
)
def test_anything_else_that_fits_nothing_is_named(
    app: Scheduler, ask: Callable[[Scheduler], object], option: str
) -> None:
    with pytest.raises(InvalidOption) as refused:
        ask(app)

    assert refused.value.argument == option
