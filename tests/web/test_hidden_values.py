"""Secrets in arguments and results are hidden by their names, wherever they stand; all else is as it was."""

from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption
from redisched.redaction import REDACTED, Redactor
from tests.cli.workshop import Workshop
from tests.web.api import Api

MARKER = "the-secret-nobody-may-see"


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "db_password", "dbPassword", "user-password", "token", "access_token", "accessToken"),
        *(
            "api_key",
            "apiKey",
            "API-KEY",
            "apikey",
            "secret",
            "client_secret",
            "Authorization",
            "private_key",
            "Cookie",
        ),
    ],
)
def test_a_name_of_a_secret_is_known_however_it_is_written(name: str) -> None:
    assert Redactor().value({name: MARKER}) == {name: REDACTED}


@pytest.mark.parametrize("name", ["author", "key", "monkey", "pass", "passport", "order_id", "sessions", "to"])
def test_other_names_are_left_alone(name: str) -> None:
    assert Redactor().value({name: MARKER}) == {name: MARKER}


def test_nested_values_are_hidden_whatever_they_are() -> None:
    value = {"a": [{"token": [MARKER, 1]}, ({"secret": {"x": MARKER}},)], b"password": MARKER, 1: {"pwd": None}}
    assert Redactor().value(value) == {
        "a": [{"token": REDACTED}, [{"secret": REDACTED}]],
        b"password": REDACTED,
        1: {"pwd": REDACTED},
    }


def test_depth_has_an_end() -> None:
    value: Any = {"password": MARKER}
    for _ in range(1_000):
        value = [value]
    assert MARKER not in str(Redactor().value(value))


def test_more_names_can_be_given() -> None:
    assert Redactor(("iban",)).value({"customer_IBAN": MARKER, "password": MARKER, "x": 1}) == {
        "customer_IBAN": REDACTED,
        "password": REDACTED,
        "x": 1,
    }
    with pytest.raises(InvalidOption, match="letters or digits"):
        Redactor(("_",))
    with pytest.raises(InvalidOption, match="a tuple of names"):
        Redactor("iban")  # type: ignore[arg-type]


def test_no_answer_has_a_secret_in_it_and_errors_are_untouched(tasks: Scheduler, workshop: Workshop) -> None:
    tasks.enqueue("pay", {"card": {"api_key": MARKER}}, kwargs={"password": MARKER, "iban": MARKER}, id="first")
    tasks.enqueue("pay", kwargs={"password": MARKER}, id="second")
    workshop.succeed(workshop.claim(), {"token": MARKER, "amount": 3})
    workshop.bury(workshop.claim(), error="ValueError: password is wrong")
    api = Api(tasks, redact=("iban",))
    for path in ("/tasks/first", "/tasks/second", "/tasks?filter=state:any"):
        assert MARKER not in api.client.get(f"/api/v1{path}").text
    assert api.get("/tasks/first")["result"] == {"token": REDACTED, "amount": 3}
    dead = api.get("/tasks/second")
    assert dead["kwargs"] == {"password": REDACTED}
    assert dead["failure"]["error"] == "ValueError: password is wrong"


@pytest.mark.parametrize("text", ["arg.user:*hunter*", "arg.0:*hunter*", '-arg.user:"{\\"password\\": \\"x\\"}"'])
def test_no_filter_tells_a_secret_within_a_value_that_it_asks_for(tasks: Scheduler, text: str) -> None:
    tasks.enqueue("login", {"password": "hunter2"}, kwargs={"user": {"password": "hunter2"}}, id="first")
    tasks.enqueue("login", {"password": "x"}, kwargs={"user": {"password": "x"}}, id="second")
    api = Api(tasks)
    found = {task["id"] for task in api.get("/tasks", filter=text)["tasks"]}
    counted = api.post("/actions", {"action": "cancel", "filter": text, "dry_run": True})["count"]

    assert (found, counted) in [(set(), 0), ({"first", "second"}, 2)]


def test_a_filter_asks_for_what_is_shown_of_a_value(tasks: Scheduler) -> None:
    tasks.enqueue("login", kwargs={"user": {"password": "hunter2", "name": "ann"}})
    api = Api(tasks)

    assert len(api.get("/tasks", filter="arg.user:*ann*")["tasks"]) == 1
    assert len(api.get("/tasks", filter="arg.user:*redacted*")["tasks"]) == 1
