"""`manage.py redisched` is the command line of redisched for the project."""

import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from redisched.cli.reload import Reloader
from redisched.config import PREFIX_VARIABLE, URL_VARIABLE
from redisched.django import app
from redisched.django.autoreload import folders_of_project
from redisched.django.management.commands import redisched
from tests.brokers import BrokerKind, Servers
from tests.django.shop.tasks import ask


@pytest.fixture(autouse=True)
def kept_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command sets these."""
    for variable in (URL_VARIABLE, PREFIX_VARIABLE, "REDISCHED_APP"):
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        call_command("redisched", *words)
    return int(end.value.code or 0)


def test_any_command_runs_with_the_prefix_of_the_settings(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    servers.broker(BrokerKind.VALKEY).close()
    monkeypatch.setenv(URL_VARIABLE, servers.url(BrokerKind.VALKEY))
    app.close()
    ask.enqueue()
    app.close()

    assert run("queue", "ls", "--json") == 0
    assert '"queue": "mail"' in capfd.readouterr().out


def test_a_worker_serves_the_project_until_it_is_empty(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(URL_VARIABLE, servers.url(BrokerKind.VALKEY))
    started: dict[str, Any] = {}
    monkeypatch.setattr(
        "redisched.cli.commands.worker.supervise", lambda work, health_file: started.update(work=work) or 0
    )

    assert run("worker", "--burst", "--no-reload") == 0
    assert (started["work"].target, started["work"].prefix) == (redisched.TARGET, None)


@pytest.mark.parametrize("words", [(), ("queue", "--help"), ("worker", "--help", "--reload")])
def test_help_is_shown(words: tuple[str, ...], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 0
    assert "Usage: manage.py redisched" in capfd.readouterr().out


def test_a_wrong_command_ends_with_2(capfd: pytest.CaptureFixture[str]) -> None:
    assert run("wrok") == 2
    assert "wrok" in capfd.readouterr().err


def test_dev_says_what_to_use_instead() -> None:
    with pytest.raises(CommandError, match="redisched worker --embedded"):
        call_command("redisched", "dev")


@pytest.mark.parametrize(
    ("debug", "words", "reloads"),
    [
        (True, ["worker"], True),
        (False, ["worker"], False),
        (False, ["worker", "--reload"], True),
        (True, ["worker", "--no-reload"], False),
        (True, ["worker", "--reload", "--no-reload"], False),
    ],
)
def test_a_worker_reloads_if_debug_is_on_or_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *, debug: bool, words: list[str], reloads: bool
) -> None:
    reloaded: list[Any] = []
    monkeypatch.setattr(Reloader, "run_until_signalled", lambda reloader: reloaded.append(reloader._command))
    monkeypatch.setattr("redisched.cli.commands.worker.supervise", lambda _work, _health_file: 0)

    with override_settings(DEBUG=debug):
        if reloads:
            call_command("redisched", *words)
        else:
            monkeypatch.setenv(URL_VARIABLE, "redis://127.0.0.1:1/0")
            assert run(*words) == 0

    assert reloaded == [[sys.executable, sys.argv[0], "redisched", "worker", "--no-reload"]] * reloads


def test_the_folders_of_the_project_are_watched(tmp_path: Path) -> None:
    with override_settings(BASE_DIR=tmp_path):
        assert folders_of_project() == [tmp_path, Path(__file__).parent / "shop"]
    with override_settings(BASE_DIR=Path(__file__).parents[1]):
        assert folders_of_project() == [Path(__file__).parents[1]]
