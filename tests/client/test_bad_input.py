"""Invalid input is refused by the call with an error that names it, and nothing is written."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.errors import (
    DuplicateHandler,
    InvalidArguments,
    InvalidInput,
    InvalidOption,
    NotEncodable,
    PayloadTooLarge,
)
from redisched.store.broker import Broker
from tests.brokers import fake_broker
from tests.client.callers import Caller
from tests.snapshot import snapshot_of

NAIVE = datetime(2030, 1, 1)  # the mistake under test
YEAR_2110 = datetime(2110, 1, 1, tzinfo=UTC)

REFUSED: dict[str, list[Any]] = {
    "priority": [-1, 256, 1.5, 1.0, True, "high", math.nan, 10**30],
    "delay": [-1, -0.001, math.nan, math.inf, "5", True, 10**12, 10**400, [], NAIVE, timedelta.max, -timedelta(1)],
    "run_at": [-1, math.nan, math.inf, "now", True, 10**400, NAIVE, YEAR_2110, timedelta(1)],
    "queue": ["", "a}b", "{a", "a:b", "a b", "a\n", "-a", "a" * 101, 5, b"mail", "m\u00e4il"],
    "id": ["", "a b", "a\n", "\u00e4", "a" * 201, 5, b"a", "a\x00"],
    "max_attempts": [0, -1, 1.5, True, "3", math.inf],
    "timeout": [0, -1, math.nan, math.inf, "30", True, timedelta(0), 0.0001],
    "retention": [-1, math.nan, math.inf, "30", True],
    "expires": [0, -1, math.nan, math.inf, "30", True, timedelta(0), NAIVE, YEAR_2110, 10**400],
    "deadline": [0, -1, math.nan, math.inf, "30", True, timedelta(0), NAIVE, YEAR_2110, 10**400],
    "durable": ["disk", "", True, 1, b"local", None],
    "keep": ["all", "", True, 1, b"task"],
    "prio": [3],
    "unique": ["", "{", "{0}", "{a.b}", "x" * 1001, 5, b"order:42", 1.5, "\ud800"],
    "unique_for": ["until_done", "until_begun", 0, -1, math.nan, True, timedelta(0)],
    "on_duplicate": ["return", "drop", 1, True],
    "debounce_max": [5, 0, -1, math.nan, "5", True],
    "uniq": ["order:42"],
}
OPTIONS = [(option, value) for option, values in REFUSED.items() for value in values]
HANDLER_OPTIONS = [
    *((option, value) for option, value in OPTIONS if option not in {"delay", "run_at", "id"}),
    ("delay", 5),
    ("run_at", 5),
    ("id", "a"),
    ("retry", None),
    ("retry", 3),
    ("retry", "exponential"),
    ("delivery", "once"),
    ("delivery", True),
    ("isolation", "thread"),
    ("timeout_grace", 5),
]


class Opaque:
    """Nothing that msgpack knows, and hard to show."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


ARGUMENTS = [
    object(), Opaque(), 2**64, -(2**63) - 1, NAIVE, "\ud800", {1: "a"}, {"a": object()}, [1, [object()]],
    1j, range(3), {(1, 2): 3}, print,
]  # fmt: skip


@pytest.fixture
def broker() -> Broker:
    """A fake one will do: what is refused here never reaches a server."""
    return fake_broker()


@pytest.fixture(params=["options", "by name"])
def produce(request: pytest.FixtureRequest, app: Scheduler) -> Callable[[str, object], object]:
    """Asks for a task with one option."""

    @app.task
    def send() -> None: ...

    if request.param == "options":
        return lambda option, value: send.options(**{option: value}).enqueue()  # type: ignore[arg-type]  # bad on purpose
    return lambda option, value: app.enqueue("send", **{option: value})  # type: ignore[arg-type]  # bad on purpose


@pytest.fixture
def untouched(app: Scheduler) -> Callable[[], bool]:
    """Whether Redis still holds what it held, key by key."""
    app.enqueue("neighbour", id="neighbour")
    before = snapshot_of(app.broker)
    return lambda: snapshot_of(app.broker) == before


@pytest.mark.parametrize(("option", "value"), OPTIONS, ids=str)
def test_a_bad_option_is_named_and_nothing_is_written(
    option: str, value: object, produce: Callable[[str, object], object], untouched: Callable[[], bool]
) -> None:
    with pytest.raises(InvalidOption) as refusal:
        produce(option, value)

    assert refusal.value.argument == option
    assert str(refusal.value).startswith(f"{option}=")
    assert untouched()


@pytest.mark.parametrize(("option", "value"), HANDLER_OPTIONS, ids=str)
def test_a_bad_option_of_a_handler_is_named(app: Scheduler, option: str, value: Any) -> None:
    with pytest.raises(InvalidOption) as refusal:
        app.task(**{option: value})

    assert refusal.value.argument == option
    assert list(app.registry) == []


def test_delay_and_run_at_together_are_refused(app: Scheduler, untouched: Callable[[], bool]) -> None:
    with pytest.raises(InvalidOption, match="not both"):
        app.enqueue("send", delay=1, run_at=5)

    assert untouched()


@pytest.mark.parametrize("value", ARGUMENTS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    ("place", "argument"),
    [(lambda value: ((1, value), {}), "args[1]"), (lambda value: ((), {"to": value}), "kwargs['to']")],
    ids=["positional", "keyword"],
)
def test_an_argument_that_cannot_be_encoded_is_named(
    app: Scheduler,
    untouched: Callable[[], bool],
    value: object,
    place: Callable[[object], tuple[tuple[object, ...], dict[str, object]]],
    argument: str,
) -> None:
    args, kwargs = place(value)

    with pytest.raises(NotEncodable) as refusal:
        app.enqueue("send", *args, kwargs=kwargs)

    assert refusal.value.argument == f"{argument} of send"
    assert untouched()


def test_arguments_that_contain_themselves_are_refused(app: Scheduler, untouched: Callable[[], bool]) -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(NotEncodable):
        app.enqueue("send", endless)

    assert untouched()


def test_a_payload_over_the_limit_is_refused(app: Scheduler, call: Caller, untouched: Callable[[], bool]) -> None:
    with pytest.raises(PayloadTooLarge, match="at most 262144 bytes") as refusal:
        call(app.enqueue, "send", b"x" * 256 * 1024)

    assert (refusal.value.argument, refusal.value.limit) == ("arguments of send", 262_144)
    assert refusal.value.size > 262_144
    assert untouched()


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        ((), {}, "missing a required argument: 'order_id'"),
        ((1, 2, 3), {}, "too many positional arguments"),
        ((1,), {"order_id": 2}, "multiple values for argument 'order_id'"),
        ((1,), {"copy": 2}, "unexpected keyword argument 'copy'"),
    ],
)
@pytest.mark.parametrize("by_name", [False, True])
def test_arguments_that_do_not_fit_the_handler_are_refused(
    app: Scheduler, untouched: Callable[[], bool], args: Any, kwargs: Any, said: str, by_name: bool
) -> None:
    @app.task(name="send")
    def send(order_id: int, note: str = "") -> None: ...

    with pytest.raises(InvalidArguments, match=said) as refusal:
        app.enqueue("send", *args, kwargs=kwargs) if by_name else send.enqueue(*args, **kwargs)

    assert refusal.value.argument == "arguments of send"
    assert "it takes (order_id: int, note: str = '')" in str(refusal.value)
    assert untouched()


def test_a_missing_required_keyword_is_refused(app: Scheduler) -> None:
    @app.task
    def send(order_id: int, *, to: str) -> None: ...

    with pytest.raises(InvalidArguments, match=r"missing a required .*argument: 'to'"):
        send.enqueue(1)  # type: ignore[call-arg]  # bad on purpose


def test_any_number_of_arguments_fits_a_handler_that_takes_them(app: Scheduler) -> None:
    @app.task
    def add(first: int, *others: int, **named: int) -> None: ...

    add.enqueue(1)
    add.enqueue(1, 2, 3, four=4)
    with pytest.raises(InvalidArguments):
        add.enqueue()  # type: ignore[call-arg]  # bad on purpose


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 201, 5, None, "a\n"])
def test_a_bad_name_is_refused(app: Scheduler, untouched: Callable[[], bool], name: Any) -> None:
    with pytest.raises(InvalidOption) as refusal:
        app.enqueue(name)

    assert refusal.value.argument == "name"
    assert untouched()


@pytest.mark.parametrize("kwargs", [[], "a", {1: 2}])
def test_keywords_that_are_not_a_dictionary_are_refused(
    app: Scheduler, untouched: Callable[[], bool], kwargs: Any
) -> None:
    with pytest.raises(InvalidOption) as refusal:
        app.enqueue("send", kwargs=kwargs)

    assert refusal.value.argument == "kwargs"
    assert untouched()


def test_two_handlers_of_one_name_are_refused(app: Scheduler) -> None:
    app.task(name="send")(lambda: None)

    with pytest.raises(DuplicateHandler):
        app.task(name="send")(lambda: None)


@pytest.mark.parametrize("function", [5, "send", (lambda: (yield)), min], ids=["int", "str", "generator", "builtin"])
def test_an_object_that_is_not_a_function_cannot_be_a_handler(app: Scheduler, function: Any) -> None:
    with pytest.raises(InvalidOption) as refusal:
        app.task(name="send")(function)

    assert refusal.value.argument == "function"


@pytest.mark.parametrize(("task_id", "queue"), [("", "default"), (5, "default"), ("a", "{a}")])
def test_a_reference_to_an_impossible_id_is_refused(app: Scheduler, task_id: Any, queue: Any) -> None:
    with pytest.raises(InvalidOption):
        app.ref(task_id, queue)


@pytest.mark.parametrize("timeout", [-1, math.nan, "1", True])
def test_a_bad_timeout_of_a_result_is_refused(app: Scheduler, call: Caller, timeout: Any) -> None:
    ref = app.enqueue("send")

    with pytest.raises(InvalidOption) as refusal:
        call(ref.result, timeout)

    assert refusal.value.argument == "timeout"


@pytest.mark.parametrize("url", ["http://example.org", "localhost:6379", "redis://:secret@host:port", "unix:"])
def test_an_invalid_url_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(InvalidOption) as refusal:
        Scheduler(url).enqueue("send")

    assert refusal.value.argument == "url"
    assert "secret" not in str(refusal.value)


def test_a_url_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidOption):
        Scheduler(5)  # type: ignore[arg-type]  # bad on purpose


@pytest.mark.parametrize(
    "options", [{"timeout_s": 0}, {"timeout_s": math.nan}, {"payload_limit": -1}, {"retention_s": -1}]
)
def test_bad_settings_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Settings(**options)
