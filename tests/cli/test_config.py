"""`redisched config show` says what is in effect and where it comes from, and shows no secret."""

import json

import pytest

from redisched.cli.commands.worker import worker
from redisched.keys import PREFIX
from tests.cli.commands import run

SECRET_URL = (
    "rediss+sentinel://ann:se%63ret1@one:1,two:2/main/3?sentinel_username=bob&sentinel_password=secret2"
    "&ssl_password=secret3&ssl_certfile=/c&client_name=shop"
)


def settings(*words: str) -> dict[str, tuple[object, str]]:
    """Each setting with its value and origin."""
    result = run("config", "show", "--json", *words)
    assert result.exit_code == 0, result.output
    return {one["setting"]: (one["value"], one["origin"]) for one in json.loads(result.stdout)}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("APP", "PREFIX", "EMBEDDED", "CONCURRENCY", "LEASE"):
        monkeypatch.delenv(f"REDISCHED_{variable}", raising=False)


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings()

    assert found["url"] == ("the embedded server", "default")
    assert found["prefix"] == (PREFIX, "default")
    assert found["timeout_s"] == (5.0, "default")
    assert found["worker.concurrency"] == (16, "default")
    assert {origin for _, origin in found.values()} == {"default"}
    monkeypatch.setenv("REDISCHED_EMBEDDED", "0")
    assert settings()["url"] == ("none", "default")
    assert settings()["embedded"] == (False, "environment")


def test_the_environment_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDISCHED_URL", "redis://host:1/2?socket_keepalive=yes")
    monkeypatch.setenv("REDISCHED_PREFIX", "shop")
    monkeypatch.setenv("REDISCHED_CONCURRENCY", "7")
    monkeypatch.setenv("REDISCHED_LEASE", "2m")
    found = settings()

    assert found["url"] == ("redis://host:1/2", "environment")
    assert found["url.database"] == (2, "url")
    assert found["url.keepalive"] == (True, "url")
    assert found["prefix"] == ("shop", "environment")
    assert found["worker.concurrency"] == (7, "environment")
    assert found["worker.lease_s"] == (120.0, "environment")
    given = settings("--url", "redis://other", "--prefix", "mine:")
    assert given["url"] == ("redis://other:6379/0", "option")
    assert given["prefix"] == ("mine", "option")


@pytest.mark.parametrize("variable", ["EMBEDDED", "LOG_TASKS", "BURST", "ALLOW_EVICTION"])
def test_a_flag_is_a_word_that_says_yes_or_no(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(f"REDISCHED_{variable}", "maybe")
    refused = run("config", "show")
    assert refused.exit_code == 2
    assert f"REDISCHED_{variable}" in refused.stderr
    assert "maybe" in refused.stderr

    monkeypatch.setenv(f"REDISCHED_{variable}", "")
    assert {origin for _, origin in settings().values()} == {"default"}


@pytest.mark.parametrize(("value", "said"), [("x", "'x' is not a duration"), ("0", "--lease")])
def test_a_variable_that_a_worker_refuses_is_refused(monkeypatch: pytest.MonkeyPatch, value: str, said: str) -> None:
    monkeypatch.setenv("REDISCHED_LEASE", value)

    refused = run("config", "show")

    assert refused.exit_code == 2
    assert said in refused.stderr
    assert "REDISCHED_LEASE" in refused.stderr
    assert "Try 'redisched worker --help'" in refused.stderr


def test_a_number_that_is_found_out_is_shown_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDISCHED_CONCURRENCY", "auto")

    assert settings()["worker.concurrency"] == ("auto", "environment")


def test_every_option_of_a_worker_is_shown_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"APP": "shop.tasks:app", "METRICS_PORT": "9100", "HEALTH_FILE": "/run/health", "EMBEDDED": "1"}
    for variable, value in given.items():
        monkeypatch.setenv(f"REDISCHED_{variable}", value)
    shown = {one["variable"]: one for one in json.loads(run("config", "show", "--json").stdout)}

    described = {str(one.envvar) for one in worker.params if one.envvar}
    assert described <= shown.keys()
    assert {variable: shown[f"REDISCHED_{variable}"]["value"] for variable in given} == {
        "APP": "shop.tasks:app",
        "METRICS_PORT": 9100,
        "HEALTH_FILE": "/run/health",
        "EMBEDDED": True,
    }
    assert shown["REDISCHED_METRICS_HOST"]["value"] == "127.0.0.1"
    assert {shown[f"REDISCHED_{variable}"]["origin"] for variable in given} == {"environment"}


def test_an_application_that_a_worker_refuses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings()["worker.app"] == (None, "default")
    monkeypatch.setenv("REDISCHED_APP", "redis://host")

    refused = run("config", "show")

    assert refused.exit_code == 2
    assert "name the application as MODULE:APP" in refused.stderr


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]) -> None:
    monkeypatch.setenv("REDISCHED_URL", SECRET_URL)

    shown = run("config", "show", *form).stdout

    for secret in ("secret", "ann", "bob", "se%63ret1"):
        assert secret not in shown
    assert shown.count("(hidden)") == 5
    assert "rediss+sentinel://one:1,two:2/main/3" in shown
    assert "/c" in shown


def test_the_table_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDISCHED_LEASE", "2m")
    rows = [line.split("\t") for line in run("config", "show").stdout.splitlines()]

    assert rows[0] == ["setting", "value", "from"]
    assert ["worker.lease_s", "120.0", "REDISCHED_LEASE"] in rows
    assert ["worker.queues", "-", "default"] in rows


@pytest.mark.parametrize(
    ("variable", "value"), [("REDISCHED_LEASE", "soon"), ("REDISCHED_URL", "http://x"), ("REDISCHED_PREFIX", "{}")]
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)

    result = run("config", "show")

    assert result.exit_code == 2
    assert variable in result.stderr
