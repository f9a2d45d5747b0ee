"""Unique keys as a program gives them: what makes two keys equal, and what an enqueue does whose key is held."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched.client.reference import TaskRef
from redisched.client.scheduler import Scheduler
from redisched.client.verbs import CancelOutcome
from redisched.errors import DuplicateTask, InvalidOption, NotEncodable, UnknownTask
from redisched.model import OnDuplicate, TaskState
from tests.client.callers import Caller
from tests.client.stand_in import StandIn


def charge(order_id: Any, region: str = "eu") -> None: ...


@pytest.mark.parametrize(
    "values",
    [
        (1, "1", True, 1.0),
        ([1], (1,)),
        ({"a": 1}, {"a": "1"}, {"b": 1}),
        ({1}, frozenset({1})),
        (b"a", "a"),
        (None, ""),
    ],
    ids=str,
)
def test_arguments_are_equal_only_with_equal_types(fake_app: Scheduler, values: tuple[Any, ...]) -> None:
    handler = fake_app.task(unique=True)(charge)

    assert [handler.enqueue(value).is_new for value in values] == [True] * len(values)
    assert [handler.enqueue(value).is_new for value in values] == [False] * len(values)


@pytest.mark.parametrize(("one", "other"), [({"a": 1, "b": [{1, 2}]}, {"b": [{2, 1}], "a": 1}), ({1, 2}, {2, 1})])
def test_equal_arguments_are_one_key_in_whatever_order_they_were_made(
    fake_app: Scheduler, one: object, other: object
) -> None:
    handler = fake_app.task(unique=True)(charge)

    assert handler.enqueue(one) == handler.enqueue(order_id=other)


def test_a_template_names_arguments_however_they_are_given(app: Scheduler, call: Caller) -> None:
    handler = app.task(unique="{region}/{order_id}")(charge)

    first = call(handler.enqueue, 1)

    assert first.is_new
    assert call(handler.enqueue, order_id=1, region="eu") == first
    assert call(handler.enqueue, 1, "us").is_new


def test_a_function_gets_the_arguments_and_makes_the_key(fake_app: Scheduler) -> None:
    handler = fake_app.task(unique=lambda order_id, **_: order_id % 10)(charge)

    first = handler.enqueue(1)

    assert handler.enqueue(11, region="us") == first
    assert handler.enqueue(2).is_new


def test_keys_belong_to_their_handler(fake_app: Scheduler) -> None:
    one, other = (fake_app.task(name=name, unique="{order_id}")(charge) for name in ("one", "other"))

    assert [one.enqueue(1).is_new, other.enqueue(1).is_new] == [True, True]


def test_a_producer_without_the_handlers_code_gives_the_finished_text(app: Scheduler, call: Caller) -> None:
    handler = app.task(name="charge", unique="order:{order_id}")(charge)
    elsewhere = Scheduler(broker=app.broker)

    first = call(handler.enqueue, 42)
    assert elsewhere.enqueue("charge", 42, unique="order:42") == first

    with pytest.raises(InvalidOption, match="the finished text"):
        elsewhere.enqueue("charge", 42, unique="order:{order_id}")


def test_many_requests_are_as_single_calls_in_order(app: Scheduler, call: Caller) -> None:
    handler = app.task(unique="{order_id}")(charge)

    refs = call(app.enqueue_many, [handler.request(number) for number in (1, 2, 1, 1, 2)])

    assert [ref.is_new for ref in refs] == [True, True, False, False, False]
    assert refs == [refs[0], refs[1], refs[0], refs[0], refs[1]]


def test_a_request_that_is_sent_again_is_the_same_task(app: Scheduler, call: Caller) -> None:
    request = app.task(unique=True)(charge).request(1)

    refs = [call(app.enqueue_many, [request])[0] for _ in range(2)]

    assert refs[0] == refs[1]
    assert [ref.is_new for ref in refs] == [True, True]


def test_a_rejected_enqueue_names_the_task_and_the_key(app: Scheduler, call: Caller) -> None:
    handler = app.task(unique="order:{order_id}", on_duplicate=OnDuplicate.REJECT)(charge)
    first = call(handler.enqueue, 1)

    with pytest.raises(DuplicateTask) as caught:
        call(handler.enqueue, 1)

    assert (caught.value.task_id, caught.value.key) == (first.id, "order:1")


def test_a_replaced_task_is_cancelled(app: Scheduler, call: Caller) -> None:
    handler = app.task(unique="{order_id}", on_duplicate="replace")(charge)

    first, second = call(handler.enqueue, 1, "eu"), call(handler.enqueue, 1, "us")

    assert (first.status(), second.status(), second.is_new) == (TaskState.CANCELLED, TaskState.READY, True)
    assert [body.args for body in StandIn(app, "default").bodies()] == [[1, "us"]]


def test_debounced_calls_are_one_task_with_the_newest_arguments(app: Scheduler, call: Caller) -> None:
    handler = app.task(unique="{order_id}", on_duplicate="debounce", debounce_max=60)(charge)

    refs: list[TaskRef[None]] = [call(handler.enqueue, 1, region) for region in ("eu", "us", "asia")]

    assert [ref.is_new for ref in refs] == [True, False, False]
    assert refs[0] == refs[1] == refs[2]
    assert [body.args for body in StandIn(app, "default").bodies()] == [[1, "asia"]]


def test_a_cancelled_task_frees_its_key(app: Scheduler, call: Caller) -> None:
    handler = app.task(unique=True)(charge)
    first = call(handler.enqueue, 1)

    assert first.cancel() is CancelOutcome.CANCELLED
    assert call(handler.enqueue, 1).is_new


def test_a_chosen_id_is_known_with_the_placement_of_the_key(app: Scheduler, call: Caller) -> None:
    handler = app.task(unique="{order_id}", retention=60)(charge)

    ref = call(handler.options(id="mine").enqueue, 1)

    assert ref.id.endswith("~mine")
    assert app.ref(ref.id, "default").status() is TaskState.READY
    assert call(handler.options(id="mine").enqueue, 1) == ref
    assert call(handler.options(id=ref.id).enqueue, 1) == ref
    with pytest.raises(UnknownTask, match="use the id that enqueue returned"):
        app.ref("mine", "default").result(timeout=1)


def test_of_many_calls_the_first_that_is_rejected_is_named_once_all_others_are_enqueued(
    app: Scheduler, call: Caller
) -> None:
    handler = app.task(name="charge", unique="{order_id}", on_duplicate="reject")(charge)
    first = call(handler.enqueue, 1)

    with pytest.raises(DuplicateTask, match=rf"task '{first.id}' has the unique key '1', so no other was added"):
        call(app.enqueue_many, [handler.request(order) for order in (2, 1, 3)])

    found = call(app.select(name="charge").look)
    assert len(found) == 3


def test_a_call_lifts_the_key_of_its_handler(fake_app: Scheduler) -> None:
    handler = fake_app.task(unique=True, on_duplicate="reject")(charge)
    handler.enqueue(1)

    free = handler.options(unique=None).enqueue(1)

    assert (free.is_new, len(free.id)) == (True, 20)


@pytest.mark.parametrize(
    ("options", "option", "allowed"),
    [
        ({"unique": "{order}"}, "unique", "of which the handler has order_id, region"),
        ({"unique": "{order_id.x}"}, "unique", "nothing but names"),
        ({"unique": "{order_id"}, "unique", "names of arguments in braces"),
        ({"unique": ""}, "unique", "True for the arguments"),
        ({"unique": 7}, "unique", "True for the arguments"),
        ({"unique_for": "until_done"}, "unique_for", "give unique= as well"),
        ({"on_duplicate": "return"}, "on_duplicate", "give unique= as well"),
        ({"debounce_max": 5}, "debounce_max", "give unique= as well"),
        ({"unique": True, "unique_for": "done"}, "unique_for", "until_started"),
        ({"unique": True, "unique_for": 0}, "unique_for", "until_started"),
        ({"unique": True, "unique_for": True}, "unique_for", "until_started"),
        ({"unique": True, "on_duplicate": "drop"}, "on_duplicate", "one of return, reject, replace, debounce"),
        ({"unique": True, "debounce_max": 5}, "debounce_max", "only with on_duplicate='debounce'"),
        ({"unique": True, "on_duplicate": "debounce", "debounce_max": 0}, "debounce_max", "at least 0.001"),
        ({"unique": True, "on_duplicate": "replace", "unique_for": 5}, "unique_for", "'until_started' or 'until_done'"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    fake_app: Scheduler, options: dict[str, Any], option: str, allowed: str
) -> None:
    registered = fake_app.task(name="registered")(charge)
    refused: list[Callable[[], object]] = [
        lambda: fake_app.task(name="new", **options)(charge),
        lambda: registered.options(**options),
        lambda: fake_app.enqueue("registered", 1, **options),
    ]
    for attempt in refused:
        with pytest.raises(InvalidOption, match=rf"{option}=") as caught:
            attempt()
        assert allowed in str(caught.value)
    assert fake_app.registry.get("new") is None


def test_a_key_that_cannot_be_stored_is_refused(fake_app: Scheduler) -> None:
    handler = fake_app.task(unique=lambda *_: object())(charge)

    with pytest.raises(NotEncodable, match="unique="):
        handler.enqueue(1)


def test_an_id_that_leaves_no_room_for_the_placement_is_refused(fake_app: Scheduler) -> None:
    handler = fake_app.task(unique=True)(charge)

    with pytest.raises(InvalidOption, match="at most 183 characters"):
        handler.options(id="x" * 184)
