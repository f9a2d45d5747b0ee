"""The options of a worker: each can be set by an environment variable, and an error names the variable."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from redisched.cli.commands.worker import worker
from redisched.cli.deployment import settings_from, settings_options
from redisched.cli.main import cli
from redisched.config import Eviction, LogFormat, Until, WorkerSettings
from tests.cli.applications import write_application
from tests.cli.commands import run_process

EVERYTHING = {
    "REDISCHED_CONCURRENCY": "4",
    "REDISCHED_PROCESSES": "2",
    "REDISCHED_QUEUES": "mail, payments",
    "REDISCHED_IMPORT": "shop.tasks shop.mails,shop.reports",
    "REDISCHED_LEASE": "5",
    "REDISCHED_WINDOW_MS": "0",
    "REDISCHED_GRACE": "1500ms",
    "REDISCHED_STUCK_AFTER": "20s",
    "REDISCHED_MAX_TASKS_PER_CHILD": "100",
    "REDISCHED_MAX_RSS": "512MB",
    "REDISCHED_APP_VERSION": "2026-11",
    "REDISCHED_BURST": "1",
    "REDISCHED_ALLOW_EVICTION": "true",
    "REDISCHED_LOG_LEVEL": "warning",
    "REDISCHED_LOG_FORMAT": "json",
    "REDISCHED_LOG_TASKS": "yes",
}


def settings(*words: str, **environment: str) -> WorkerSettings:
    """The settings that a worker gets from its options."""
    made: list[WorkerSettings] = []

    @click.command()
    @settings_options
    @click.pass_context
    def command(context: click.Context, /, **given: Any) -> None:
        made.append(settings_from(context, given))

    result = CliRunner(env=environment).invoke(command, words)
    assert result.exit_code == 0, result.output
    return made[0]


def test_every_option_can_be_set_by_the_environment() -> None:
    assert settings(**EVERYTHING) == WorkerSettings(
        queues=("mail", "payments"),
        imports=("shop.tasks", "shop.mails", "shop.reports"),
        concurrency=4,
        processes=2,
        lease_s=5.0,
        window_ms=0.0,
        grace_s=1.5,
        app_version="2026-11",
        stuck_after_s=20.0,
        max_tasks_per_child=100,
        max_rss_bytes=512_000_000,
        log_level="WARNING",
        log_format=LogFormat.JSON,
        log_tasks=True,
        until=Until.EMPTY,
        eviction=Eviction.ALLOW,
    )


def test_the_command_line_overrides_the_environment_and_empty_variables_do_not_count() -> None:
    assert settings("-c", "8", "--import", "shop.a", "--import", "shop.b", REDISCHED_CONCURRENCY="4").concurrency == 8
    assert settings("--import", "shop.a", "--import", "shop.b").imports == ("shop.a", "shop.b")
    assert settings(**dict.fromkeys(EVERYTHING, "")) == WorkerSettings()
    assert settings() == WorkerSettings()


def test_every_option_names_its_variable_in_help() -> None:
    listing = CliRunner().invoke(cli, ["worker", "--help"]).output.replace("\n", " ")
    others = ("HEALTH_FILE", "METRICS_PORT", "METRICS_HOST", "URL", "PREFIX", "EMBEDDED")
    variables = {*EVERYTHING, *(f"REDISCHED_{name}" for name in others)}

    assert all(variable in " ".join(listing.split()) for variable in variables)
    options = [one for one in worker.params if isinstance(one, click.Option) and one.name not in ("url", "prefix")]
    assert {str(one.envvar) for one in options} == variables - {"REDISCHED_URL", "REDISCHED_PREFIX"}


BAD = {
    "REDISCHED_CONCURRENCY": ["0", "two", "1.5"],
    "REDISCHED_PROCESSES": ["-1", "many"],
    "REDISCHED_QUEUES": ["mail,{x}", "a b"],
    "REDISCHED_IMPORT": ["shop/tasks.py", ".tasks", "shop..tasks"],
    "REDISCHED_LEASE": ["long", "1ms", "nan"],
    "REDISCHED_WINDOW_MS": ["-1", "nan", "x"],
    "REDISCHED_GRACE": ["-1s", "soon"],
    "REDISCHED_STUCK_AFTER": ["0"],
    "REDISCHED_MAX_TASKS_PER_CHILD": ["0"],
    "REDISCHED_MAX_RSS": ["0", "-1", "12XB", "0.2", "MB", "1 000"],
    "REDISCHED_BURST": ["perhaps"],
    "REDISCHED_ALLOW_EVICTION": ["2"],
    "REDISCHED_LOG_LEVEL": ["LOUD", "10"],
    "REDISCHED_LOG_FORMAT": ["xml"],
    "REDISCHED_LOG_TASKS": ["some"],
    "REDISCHED_HEALTH_FILE": ["/"],
}


@pytest.mark.parametrize(("variable", "text"), [(variable, text) for variable in BAD for text in BAD[variable]])
def test_an_invalid_value_is_refused_with_the_name_of_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    write_application(tmp_path)
    monkeypatch.chdir(tmp_path)

    result = CliRunner(env={variable: text}).invoke(cli, ["worker", "shop:app"], prog_name="redisched")

    assert result.exit_code == 2
    assert variable in result.stderr
    assert "Traceback" not in result.stderr


def test_the_environment_can_name_the_application(tmp_path: Path, url: str) -> None:
    write_application(tmp_path)

    served = run_process("worker", "--burst", cwd=tmp_path, REDISCHED_APP="shop:app", REDISCHED_URL=url)
    unnamed = run_process("worker", "--burst", cwd=tmp_path, REDISCHED_URL=url)

    assert served.returncode == 0, served.stderr
    assert unnamed.returncode == 2
    assert "MODULE:APP" in unnamed.stderr
    assert "REDISCHED_APP" in unnamed.stderr
