"""Code declares schedules; what is wrong with one is said where it is declared."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched import Handler, Scheduler
from redisched.codec import decode_task
from redisched.config import Settings
from redisched.errors import InvalidArguments, InvalidOption
from redisched.schedules.declaration import Declaration
from redisched.schedules.definition import Overlap

SOME_TIME = datetime(2030, 1, 31, 9, tzinfo=UTC)


def declared(app: Scheduler) -> dict[str, Declaration]:
    return {declaration.name: declaration for declaration in app.registry.schedules}


def report(day: int = 0, *, region: str = "eu") -> str:
    return f"{day} {region}"


def test_a_function_becomes_a_handler_with_a_schedule(fake_app: Scheduler) -> None:
    handler = fake_app.cron("0 3 * * *", tz="Europe/Berlin")(report)

    assert handler(7) == "7 eu"
    assert isinstance(handler, Handler)
    (schedule,) = fake_app.registry.schedules
    assert (schedule.name, schedule.queue) == (handler.name, "default")
    assert schedule.definition.timing.words() == "at 03:00 every day, Berlin time"


def test_one_handler_has_several_schedules(fake_app: Scheduler) -> None:
    handler = fake_app.task(name="report", queue="mail", priority=7)(report)

    fake_app.cron("@daily")(
        fake_app.every("90s", priority=1)(fake_app.at(SOME_TIME, name="once", queue="other")(handler))
    )

    found = declared(fake_app)
    assert {name: one.definition.timing.words() for name, one in found.items()} == {
        "once": "once, 2030-01-31 09:00 UTC",
        "report": "every 1 minute 30 seconds",
        "report#2": "at 00:00 every day, UTC",
    }
    assert {name: (one.queue, one.definition.task.priority) for name, one in found.items()} == {
        "once": ("other", 7),
        "report": ("mail", 1),
        "report#2": ("mail", 7),
    }
    assert fake_app.registry.queues() == ("mail", "other")


def test_a_schedule_has_arguments_policies_and_every_option_of_a_task(fake_app: Scheduler) -> None:
    fake_app.every(
        timedelta(hours=1), args=(3,), kwargs={"region": "us"}, misfire="all(max=9)", overlap="skip", jitter="5s",
        start=SOME_TIME, end=SOME_TIME + timedelta(days=1), max_attempts=2, timeout=5, expires=60, deadline=90,
        retention=7, keep="task", durable="local",
    )(report)  # fmt: skip

    (schedule,) = fake_app.registry.schedules
    body = decode_task(schedule.definition.task.record, 1_000)
    assert (body.args, body.kwargs, body.max_attempts, body.timeout_ms) == ([3], {"region": "us"}, 2, 5_000)
    assert schedule.definition.task.traits.startswith(b"deadline=+90000 expires=+60000 15000 ")
    assert schedule.definition.overlap is Overlap.SKIP
    assert schedule.definition.misfire.most == 9
    assert schedule.definition.timing.words() == (
        "every hour, each up to 5 seconds later, from 2030-01-31 09:00 UTC, until 2030-02-01 09:00 UTC"
    )


@pytest.mark.parametrize(
    ("decorator", "said"),
    [
        (lambda app: app.cron("61 * * * *"), "cron='61 .*minute"),
        (lambda app: app.cron("* * * * *", tz="Mars/Olympus"), "tz="),
        (lambda app: app.every("soon"), "every='soon'"),
        (lambda app: app.every(0.5), "every=0.5"),
        (lambda app: app.at(datetime(2030, 1, 31)), "at=.*aware"),
        (lambda app: app.every(60, misfire="some"), "misfire='some'"),
        (lambda app: app.every(60, overlap="queue"), "overlap='queue': one of allow, skip"),
        (lambda app: app.every(60, jitter=-1), "jitter=-1"),
        (lambda app: app.every(60, start=SOME_TIME, end=SOME_TIME - timedelta(days=1)), "at least one slot"),
        (lambda app: app.every(60, name="a b"), "name='a b'"),
        (lambda app: app.every(60, id="x"), "id='x': left out of a schedule"),
        (lambda app: app.every(60, delay=3), "delay=3: left out of a schedule"),
        (lambda app: app.every(60, expires=SOME_TIME), "expires=.*counted from each slot on"),
        (lambda app: app.every(60, unique=True), "unique=.*its slots are unique"),
        (lambda app: app.every(60, retry=3), "retry=3: .*give it to @app.task"),
        (lambda app: app.every(60, prio=3), "prio=3: no such option"),
        (lambda app: app.every(60, priority=256), "priority=256"),
        (lambda app: app.every(60, args="ab"), "args='ab'"),
        (lambda app: app.every(60, kwargs=[1]), "kwargs="),
    ],
)
def test_bad_input_is_refused_where_it_stands(
    fake_app: Scheduler, decorator: Callable[[Any], Callable[..., Any]], said: str
) -> None:
    with pytest.raises(InvalidOption, match=said):
        decorator(fake_app)(report)
    assert declared(fake_app) == {}


@pytest.mark.parametrize("kind", ["cron", "every", "at"])
def test_a_decorator_without_parentheses_is_refused(fake_app: Scheduler, kind: str) -> None:
    with pytest.raises(InvalidOption, match=rf"in parentheses .*such as @app\.{kind}\("):

        @getattr(fake_app, kind)  # type: ignore[untyped-decorator]
        @fake_app.task
        def send() -> None: ...


def test_arguments_that_the_handler_does_not_take_are_refused(fake_app: Scheduler) -> None:
    with pytest.raises(InvalidArguments, match="unexpected"):
        fake_app.every(60, kwargs={"country": "de"})(report)


def test_two_schedules_cannot_have_one_name(fake_app: Scheduler) -> None:
    handler = fake_app.every(60, name="often")(report)

    with pytest.raises(InvalidOption, match="name='often': the name of one schedule only"):
        fake_app.every(30, name="often")(handler)


def test_a_handler_that_is_defined_again_declares_its_schedules_again(fake_app: Scheduler) -> None:
    def load(interval: int) -> None:
        module: dict[str, Any] = {"app": fake_app, "interval": interval, "__name__": "shop"}
        exec("@app.every(interval)\n@app.every(7)\ndef refresh() -> None: ...", module)  # noqa: S102 - a module that is loaded again

    load(60)
    load(30)

    words = {name: one.definition.timing.words() for name, one in declared(fake_app).items()}
    assert words == {"shop.refresh": "every 7 seconds", "shop.refresh#2": "every 30 seconds"}


def test_a_handler_with_a_unique_key_needs_none_in_its_schedule(fake_app: Scheduler) -> None:
    handler = fake_app.task(unique=True)(report)

    with pytest.raises(InvalidOption, match="unique="):
        fake_app.every(60)(handler)
    fake_app.every(60, unique=False)(handler)


def test_an_application_has_the_name_of_its_module_or_of_its_settings() -> None:
    assert Scheduler().name == __name__
    assert Scheduler(settings=Settings(application="shop")).name == "shop"
    for wrong in ("", "a b", "x" * 101, 7):
        with pytest.raises(InvalidOption, match="application="):
            Settings(application=wrong)  # type: ignore[arg-type]
