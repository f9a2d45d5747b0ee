"""`redisched health`: a container calls it to learn whether its worker works."""

import json
import os
import time
from pathlib import Path

import pytest

from redisched.cli.health import LONGEST_AGE_S, read_health
from redisched.engine.stall import SENTENCES, Stall
from tests.cli.commands import run, run_process


def test_health_depends_on_the_age_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "health"
    file.touch()
    os.utime(file, (1_000.0, 1_000.0))

    assert read_health(file, 1_000.0 + LONGEST_AGE_S).healthy
    assert not read_health(file, 1_001.0 + LONGEST_AGE_S).healthy


def test_a_fresh_file_is_healthy_and_json_shows_its_processes(tmp_path: Path) -> None:
    file = tmp_path / "health"
    file.write_text(json.dumps({"seconds_since_contact": {"host-1-abc": 0.5}}))

    result = run("health", "--health-file", str(file), "--json")

    assert result.exit_code == 0
    record = json.loads(result.stdout)
    assert (record["healthy"], record["seconds_since_contact"]) == (True, {"host-1-abc": 0.5})


def test_a_process_without_progress_is_not_healthy_and_the_reason_is_told(tmp_path: Path) -> None:
    file = tmp_path / "health"
    stalled = {"host-1-abc": {"reason": "unclaimed", "seconds": 41.5}}
    file.write_text(json.dumps({"seconds_since_contact": {"host-1-abc": 0.5}, "stalled": stalled}))

    told = run("health", "--health-file", str(file))
    assert told.exit_code == 1
    assert "worker host-1-abc has made no progress for 42 s: tasks of its queues are ready" in told.stdout
    as_json = run("health", "--health-file", str(file), "--json")
    record = json.loads(as_json.stdout)
    assert (as_json.exit_code, record["healthy"]) == (1, False)
    assert record["stalled"]["host-1-abc"] == stalled["host-1-abc"] | {"sentence": SENTENCES[Stall.UNCLAIMED]}


def test_a_reason_of_a_later_version_counts_and_what_is_no_reason_does_not(tmp_path: Path) -> None:
    file = tmp_path / "health"
    file.write_text(json.dumps({"stalled": {"w": {"reason": "new", "seconds": 3}}}))
    told = run("health", "--health-file", str(file))
    assert (told.exit_code, "new, which only another version" in told.stdout) == (1, True)
    for content in (
        '{"stalled": {}}',
        '{"stalled": 5}',
        '{"stalled": {"w": 1}}',
        '{"stalled": {"w": {"reason": "x"}}}',
    ):
        file.write_text(content)
        assert run("health", "--health-file", str(file)).exit_code == 0, content


def test_every_stall_has_a_sentence() -> None:
    assert SENTENCES.keys() == set(Stall) - {Stall.NONE}


def test_an_old_or_missing_file_is_not_healthy(tmp_path: Path) -> None:
    file = tmp_path / "health"
    missing = run("health", "--health-file", str(file))
    file.write_text("")
    os.utime(file, (time.time() - 60, time.time() - 60))
    old = run("health", "--health-file", str(file), "--json")

    assert (missing.exit_code, old.exit_code) == (1, 1)
    assert "does not exist" in missing.stdout
    assert json.loads(old.stdout)["healthy"] is False


@pytest.mark.parametrize("content", ["", "nonsense", "[]", "{}", '{"seconds_since_contact": 5}', "\x00"])
def test_only_the_age_of_the_file_counts_whatever_it_holds(tmp_path: Path, content: str) -> None:
    file = tmp_path / "health"
    file.write_text(content)

    assert run("health", "--health-file", str(file)).exit_code == 0


def test_a_file_that_cannot_be_read_is_an_error_without_traceback(tmp_path: Path) -> None:
    file = tmp_path / "health"
    file.symlink_to(file)

    result = run("health", "--health-file", str(file))

    assert result.exit_code in (1, 2)
    assert len(result.stderr.splitlines()) <= 4
    assert "Traceback" not in result.stderr


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "health"
    file.touch()

    assert run_process("health", cwd=tmp_path, REDISCHED_HEALTH_FILE=str(file)).returncode == 0
    assert run_process("health", cwd=tmp_path, REDISCHED_HEALTH_FILE=str(tmp_path / "other")).returncode == 1
