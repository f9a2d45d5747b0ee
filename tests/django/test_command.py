"""`manage.py redisched` is the command line of redisched for the project."""

import importlib.util
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


def started_by(monkeypatch: pytest.MonkeyPatch, module: str | None, *argv: str) -> None:
    """Let the program have been started as this module, or as a file."""
    spec = None if module is None else importlib.util.find_spec(module)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", spec)
    monkeypatch.setattr(sys, "argv", list(argv))
    monkeypatch.setattr(sys, "warnoptions", [])


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
    started_by(monkeypatch, None, __file__)

    with override_settings(DEBUG=debug):
        if reloads:
            call_command("redisched", *words)
        else:
            monkeypatch.setenv(URL_VARIABLE, "redis://127.0.0.1:1/0")
            assert run(*words) == 0

    assert reloaded == [[sys.executable, __file__, "redisched", "worker", "--no-reload"]] * reloads


@pytest.mark.parametrize(
    ("module", "start"), [(None, ["manage.py"]), ("django.__main__", ["-m", "django"])], ids=["manage.py", "-m django"]
)
def test_the_worker_is_restarted_as_the_command_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str | None, start: list[str]
) -> None:
    (tmp_path / "manage.py").touch()
    monkeypatch.chdir(tmp_path)
    reloaded: list[Any] = []
    monkeypatch.setattr(Reloader, "run_until_signalled", lambda reloader: reloaded.append(reloader._command))
    words = ["redisched", "worker", "--pythonpath", "src", "--settings=shop.settings"]
    started_by(monkeypatch, module, "manage.py", *words)

    call_command(*words, "--reload")

    assert reloaded == [[sys.executable, *start, *words, "--no-reload"]]


def test_options_of_django_may_stand_behind_those_of_redisched(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    servers.broker(BrokerKind.VALKEY).close()
    monkeypatch.setenv(URL_VARIABLE, servers.url(BrokerKind.VALKEY))

    assert run("queue", "--settings=shop.settings", "ls", "--pythonpath", "src", "--json") == 0
    assert capfd.readouterr().out.strip() == "[]"


def test_the_folders_of_the_project_are_watched(tmp_path: Path) -> None:
    with override_settings(BASE_DIR=tmp_path):
        assert folders_of_project() == [tmp_path, Path(__file__).parent / "shop"]
    with override_settings(BASE_DIR=Path(__file__).parents[1]):
        assert folders_of_project() == [Path(__file__).parents[1]]
