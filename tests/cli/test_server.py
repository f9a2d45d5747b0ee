"""`redisched server`, and commands that start the embedded server only for themselves."""

import json
from pathlib import Path
from typing import Any

import pytest

from redisched.embedded import status
from tests.cli.commands import run
from tests.waiting import wait_until


def record(*words: str) -> Any:
    return json.loads(run(*words, "--json").stdout)


def test_a_started_server_runs_until_stop(project: Path) -> None:
    assert run("server", "status").exit_code == 1
    assert "redisched server start" in run("server", "status").stdout

    started = record("server", "start")
    assert run("server", "start").exit_code == 0
    found = record("server", "status")

    assert started.keys() == {"running", "stays", "pid", "url", "version", "data_directory"}
    assert found == started
    assert found["running"]
    assert found["stays"]
    assert found["data_directory"] == str(project / ".redisched")
    assert "stopped" in run("server", "stop").stdout
    assert "not running" in run("server", "stop").stdout
    assert run("server", "status").exit_code == 1


def test_tasks_survive_a_stop(project: Path) -> None:
    record("server", "start")
    run("enqueue", "add", "--id", "one")
    run("server", "stop")
    record("server", "start")

    assert record("task", "show", "one")["state"] == "ready"


READING = [
    ("queue", "ls"),
    ("task", "ls"),
    ("task", "show", "one"),
    ("task", "cancel", "one"),
    ("dead", "ls"),
    ("dead", "retry", "one"),
    ("queue", "grow", "mail", "--shards", "3"),
    ("doctor",),
]


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_command_that_only_reads_starts_no_server(project: Path, words: tuple[str, ...]) -> None:
    refused = run(*words)

    assert refused.exit_code == 2
    assert refused.stderr == (
        "Error: no Redis is named; set REDISCHED_URL, or start the embedded server of this project: "
        "redisched server start\n"
    )
    assert not (project / ".redisched").exists()


def test_server_status_and_stop_start_no_server(project: Path) -> None:
    assert run("server", "status").exit_code == 1
    assert run("server", "stop").exit_code == 0
    assert not (project / ".redisched").exists()


def test_a_command_leaves_no_server_running(project: Path) -> None:
    assert run("enqueue", "add", "--id", "zero").exit_code == 0
    wait_until(lambda: not status(project).running, "the server that the command joined has stopped")

    assert run("queue", "ls").exit_code == 0
    wait_until(lambda: not status(project).running, "the server that the command joined has stopped")

    assert run("enqueue", "add", "--id", "one").exit_code == 0
    wait_until(lambda: not status(project).running, "the server that the command joined has stopped")

    assert record("task", "show", "one")["state"] == "ready"


def test_start_warns_if_commands_use_another_redis(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDISCHED_URL", "redis://localhost:1")

    assert "REDISCHED_URL is set" in run("server", "start").stderr
