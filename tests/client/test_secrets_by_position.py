"""S10: what is given by position for a parameter with the name of a secret is hidden as what is given by name."""

import logging
import traceback
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from redisched import EnqueueContext, Retry, Scheduler
from redisched.codec import decode_task
from redisched.errors import InvalidArguments, InvalidInput
from redisched.task_errors import DuplicateTask
from tests.brokers import fake_broker
from tests.engine.running import look, work_off

MARKER = "m4rk3r-of-a-secret"
CARDS = UUID("00000000-0000-4000-8000-000000000007")


@pytest.fixture
def app() -> Scheduler:
    return Scheduler(broker=fake_broker())


def printed(error: BaseException) -> str:
    """All that is printed of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


def sent(producer: Any, *args: Any, **kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a task as Redis gets them."""
    record = producer.request(*args, **kwargs).task.record
    body = decode_task(record, len(record))
    return list(body.args), dict(body.kwargs)


def test_a_secret_and_what_follows_it_travel_by_name(app: Scheduler) -> None:
    @app.task
    def pay(order: int, card_token: str, amount: int = 1, *, note: str = "") -> None: ...

    assert sent(pay, 7, MARKER) == ([7], {"card_token": MARKER})
    assert sent(pay, 7, MARKER, 3, note="x") == ([7], {"card_token": MARKER, "amount": 3, "note": "x"})
    assert sent(pay, 7, card_token=MARKER) == ([7], {"card_token": MARKER})
    assert sent(pay.options(id="chosen"), 7, MARKER)[1] == {"card_token": MARKER}


def test_what_takes_no_name_stays_where_it_is(app: Scheduler) -> None:
    @app.task
    def by_place(password: str, /, order: int) -> None: ...

    @app.task
    def many(password: str, *others: int) -> None: ...

    @app.task
    def plain(order: int, to: str) -> None: ...

    assert sent(by_place, "x", 7) == (["x", 7], {})
    assert sent(many, MARKER) == ([], {"password": MARKER})
    assert sent(many, "x", 1, 2) == (["x", 1, 2], {})
    assert sent(plain, 7, "x") == ([7, "x"], {})


def test_a_task_is_the_same_however_its_secret_was_given(app: Scheduler) -> None:
    @app.task(unique=True)
    def pay(order: int, token: str) -> None: ...

    first = pay.enqueue(1, MARKER)
    assert pay.enqueue(1, token=MARKER).id == first.id
    assert pay.enqueue(order=1, token=MARKER).id == first.id
    chosen = pay.options(id="chosen", unique=False)
    digests = {chosen.request(2, MARKER).task.record[:8], chosen.request(2, token=MARKER).task.record[:8]}
    assert len(digests) == 1


def test_a_handler_gets_what_was_given(app: Scheduler) -> None:
    seen: list[Any] = []

    @app.task
    def pay(order: int, token: UUID, amount: int) -> str:
        seen.append((order, token, amount))
        return "paid"

    task = pay.enqueue(1, CARDS, 5)
    work_off(app)
    assert task.result() == "paid"
    assert seen == [(1, CARDS, 5)]


# ---- errors and logs


def test_s10_an_error_about_arguments_has_no_secret_in_it(app: Scheduler) -> None:
    @app.task
    def pay(order: int, token: UUID, **others: Any) -> None: ...

    wrong: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        *(((1, MARKER), {}), ((1,), {"token": MARKER}), ((1, MARKER, 3), {}), ((), {"token": MARKER}))
    ]
    for args, kwargs in wrong:
        with pytest.raises(InvalidArguments) as refused:
            pay.enqueue(*args, **kwargs)
        assert MARKER not in printed(refused.value)


def test_s10_who_holds_a_unique_key_is_told_without_its_secret(app: Scheduler) -> None:
    @app.task(unique=True, on_duplicate="reject")
    def pay(order: int, token: str) -> None: ...

    pay.enqueue(1, MARKER)
    for request in (pay.request(1, MARKER), pay.request(1, token=MARKER)):
        with pytest.raises(DuplicateTask) as refused:
            app.enqueue_many([request])
        assert MARKER not in printed(refused.value)


def test_s10_no_log_of_a_worker_has_a_secret_in_it(app: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    @app.task(retry=Retry(attempts=2, backoff=[0]))
    def pay(order: int, token: str, login: dict[str, str]) -> dict[str, str]:
        if order == 1:
            raise ValueError(f"order {order} is not paid")
        return {"password": token}

    @app.task
    def read(token: UUID) -> None: ...

    pay.enqueue(1, MARKER, {"password": MARKER})
    pay.enqueue(2, MARKER, {"password": MARKER})
    wrong = app.enqueue("lookup", kwargs={"token": MARKER})
    app.ref(wrong.id).cancel()
    record = read.request(CARDS).task.record
    body = decode_task(record, len(record))._replace(kwargs={"token": MARKER})
    foreign = Scheduler(broker=app.broker).enqueue(body.name, kwargs={"token": MARKER})
    work_off(app)
    assert "order 1 is not paid" in caplog.text
    assert "is no UUID as annotated" in str(look(app.broker, foreign.id).failure)
    assert MARKER not in caplog.text
    assert MARKER not in str(look(app.broker, foreign.id).failure)


class Refusing:
    """A codec that cannot encode anything, and says what."""

    name = "refusing"

    def encode(self, value: Any) -> Any:
        raise ValueError(f"cannot encode {value}")

    def decode(self, encoded: Any, annotation: Any) -> Any:
        return encoded


def test_what_is_made_of_a_call_does_not_show_it(app: Scheduler) -> None:
    """Tools that report errors show local variables."""
    shown: list[str] = []

    @app.task(unique="{password}", on_duplicate="reject")
    def log_in(user: str, password: str) -> None: ...

    @app.enqueue_middleware
    def around(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
        shown.append(repr(ctx) + repr(ctx.tasks))
        return call_next()

    request = log_in.request("ann", MARKER)
    app.enqueue_many([request])
    with pytest.raises(DuplicateTask) as refused:
        log_in.enqueue("bob", MARKER)
    app.schedules.add("daily", "unknown", every="1d", args=["ann"], kwargs={"password": MARKER})
    shown += [repr(request), printed(refused.value), repr(app.schedules.ls()), repr(app.schedules.get("daily"))]

    assert all(shown)
    assert MARKER not in " ".join(shown)
    assert request.id in repr(request)


@pytest.mark.parametrize("codec", [None, Refusing()])
def test_an_error_about_a_value_that_cannot_travel_does_not_show_it(codec: Any) -> None:
    app = Scheduler(broker=fake_broker(), codec=codec)

    @app.task(name="log_in")
    def log_in(password: Any) -> None: ...

    given = [MARKER, object()]
    calls: list[Callable[[], Any]] = [
        lambda: log_in.request(given),
        lambda: log_in.request(password=given),
        lambda: app.request("log_in", kwargs={"password": given}),
        lambda: app.request("unknown", kwargs={"password": given}),
    ]
    for call in calls:
        with pytest.raises(InvalidInput, match="password") as refused:
            call()
        assert MARKER not in printed(refused.value)
