"""S10: the command line shows no value with the name of a secret, however it was given, unless it is asked to."""

from typing import Any

import pytest

from redisched import Scheduler
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop

MARKER = "m4rk3r-of-a-secret"
READS = (
    ("task", "ls", "state:any"),
    ("task", "show", "waits"),
    ("task", "show", "dead"),
    ("task", "show", "ended"),
    ("dead", "ls"),
    ("dead", "groups"),
    ("watch", "ended"),
    ("watch", "dead"),
    ("schedule", "ls"),
    ("schedule", "show", "nightly"),
    ("explain", "waits"),
    ("stats",),
)


@pytest.fixture
def pay(url: str, workshop: Workshop) -> Any:
    """Tasks of a handler with secrets, in several states, and a schedule of it."""
    app = Scheduler(url)

    @app.task(name="pay")
    def pay(order: int, card_token: str, login: dict[str, str] | None = None) -> None: ...

    login = {"user": "me", "password": MARKER}
    pay.options(id="ended").enqueue(1, MARKER, login)
    workshop.succeed(workshop.claim(), {"api_key": MARKER, "paid": True})
    pay.options(id="dead").enqueue(2, MARKER)
    workshop.bury(workshop.claim(), error="ValueError: no")
    pay.options(id="waits").enqueue(3, MARKER, login)
    app.schedules.add("nightly", "pay", args=[4, MARKER], cron="0 3 * * *")
    yield pay
    app.close()


@pytest.mark.usefixtures("pay")
@pytest.mark.parametrize("words", READS, ids=" ".join)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_s10_no_command_shows_a_secret(command: CommandLine, words: tuple[str, ...], form: tuple[str, ...]) -> None:
    result = command.run(*words, *form)
    assert MARKER not in result.output
    if words[:2] == ("task", "show"):
        assert "[redacted]" in result.output


@pytest.mark.usefixtures("pay")
def test_secrets_are_shown_to_whoever_asks_for_them(command: CommandLine) -> None:
    record = command.record("task", "show", "waits", "--show-secrets")
    assert record["args"] == [3]
    assert record["kwargs"] == {"card_token": MARKER, "login": {"user": "me", "password": MARKER}}
    assert command.record("task", "show", "ended", "--show-secrets")["result"]["api_key"] == MARKER
    assert MARKER in command.output("task", "show", "waits", "--show-secrets")
