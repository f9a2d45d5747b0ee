"""Errors of redisched are one line without a traceback; the exit code tells bad usage from a failure."""

from pathlib import Path

import pytest

from redisched.errors import ServerStartFailed
from tests.cli.commands import CommandLine, run, run_process

COMMANDS = [
    ("queue", "ls"),
    ("task", "ls"),
    ("task", "show", "one"),
    ("task", "cancel", "one"),
    ("dead", "ls"),
    ("dead", "retry", "one"),
    ("enqueue", "add"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_invalid_url_is_bad_usage(words: tuple[str, ...]) -> None:
    result = run(*words, "--url", "localhost:6379:secret")

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "secret" not in result.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_empty_url_is_refused(words: tuple[str, ...]) -> None:
    result = run(*words, "--url", "")

    assert result.exit_code == 2
    assert "it is empty" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        *(("task", one) for one in ("show", "cancel", "delete", "run-now")),
        *(("dead", one) for one in ("retry", "discard")),
        ("watch",),
        ("explain",),
        ("schedule", "rm"),
        ("workers", "stop"),
    ],
    ids=" ".join,
)
def test_an_id_that_is_read_as_an_option_is_told_how_to_be_given(words: tuple[str, ...]) -> None:
    told = f"An id or a name that begins with '-' is written after '--': redisched {' '.join(words)} -- -id"

    for id in ("-id1", "--xyz-7"):
        refused = run(*words, id)
        assert refused.exit_code == 2
        assert "No such option '-" in refused.stderr
        assert told in refused.stderr


@pytest.mark.parametrize("words", [("queue", "ls", "-x"), ("task", "show", "--ur", "x")], ids=" ".join)
def test_an_option_that_stands_for_no_id_is_not(words: tuple[str, ...]) -> None:
    refused = run(*words)

    assert "No such option" in refused.stderr
    assert "written after" not in refused.stderr


def test_a_missing_redis_is_reported_in_one_line(tmp_path: Path) -> None:
    result = run("queue", "ls", "--url", f"unix://{tmp_path}/nosuch.sock")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Redis is unavailable")
    assert len(result.stderr.splitlines()) == 1


def test_the_lines_of_an_error_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ServerStartFailed("it ended", "line \x1b[1m one\nline two")

    monkeypatch.setattr("redisched.cli.session.join_existing", fail)

    result = run("queue", "ls")

    assert result.exit_code == 2
    assert result.stderr == "Error: the embedded server did not start: it ended | line \\x1b[1m one | line two\n"


def test_the_environment_can_name_redis(url: str, command: CommandLine, tmp_path: Path) -> None:
    command.output("enqueue", "add", "--id", "one")

    finished = run_process("task", "show", "one", cwd=tmp_path, REDISCHED_URL=url)

    assert finished.returncode == 0, finished.stderr
    assert "ready" in finished.stdout
    assert list(tmp_path.iterdir()) == []
