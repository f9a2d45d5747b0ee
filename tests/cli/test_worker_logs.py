"""What a fleet logs: as text, as JSON, and in the format of the application."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.applications import write_application
from tests.cli.commands import CommandLine, environment, run_process

APPLICATION = """
import asyncio, logging, os
from redisched import Retry, Scheduler, exponential

app = Scheduler()
log = logging.getLogger("shop")

@app.task(name="sync")
def sync():
    log.info("within sync", extra={"task_id": "mine", "thing": object()})

@app.task(name="async")
async def asynchronous():
    await asyncio.sleep(0)
    await asyncio.to_thread(log.info, "within async")

@app.task(name="apart", isolation="process")
def apart():
    log.info("within apart")

@app.task(name="fail", retry=Retry(attempts=2, backoff=exponential(50, cap=50, jitter=0)))
def fail():
    raise ValueError("no\\n2026-01-01 00:00:00,000 ERROR forged 1: line \\x1b[31m")

@app.task(name="die", max_attempts=1)
def die():
    raise ValueError("for good")

@app.task(name="die_apart", max_attempts=1, isolation="process")
def die_apart():
    raise ValueError("for good, apart")

@app.task(name="unstorable", max_attempts=1)
def unstorable():
    return object()
"""
NAMES = ("sync", "async", "apart", "fail", "die", "die_apart", "unstorable", "unknown", "unknown")
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?P<level>[A-Z]+) (?P<logger>[\w.]+) \d+(?P<rest>.*)")


def serve(folder: Path, command: CommandLine, *words: str, source: str = APPLICATION) -> list[str]:
    """Let a worker do one task of each kind, and answer the lines that it wrote to standard error."""
    write_application(folder, source)
    for number, name in enumerate(NAMES):
        command.output("enqueue", name, "--id", f"{name}-{number}")
    finished = run_process("worker", "shop:app", "--burst", *words, cwd=folder, REDISCHED_URL=command.url)
    assert finished.returncode == 0, finished.stderr
    return finished.stderr.splitlines()


def about(lines: list[str], words: str) -> str:
    """The only line that contains these words."""
    (found,) = [line for line in lines if words in line]
    return found


def test_starts_failures_deaths_and_records_of_handlers_are_text(command: CommandLine, tmp_path: Path) -> None:
    lines = serve(tmp_path, command)

    start = about(lines, " starts: ")
    assert " INFO redisched.worker " in start
    for part in (
        "redisched 0.",
        "Python 3.",
        "Valkey ",
        "unix://",
        "queues default",
        "7 handlers: apart, async",
        "16 tasks",
    ):
        assert part in start
    assert re.search(r" (\d+): worker \S+-\1-\w+ starts: ", start), "the name of the worker contains its process id"
    failed = about(lines, "task fail fail-3 attempt 1 has failed")
    assert " WARNING redisched.task " in failed
    assert r"ValueError: no\n2026-01-01" in failed
    assert re.search(r"the next attempt comes in \d+\.\d s$", failed)
    for words in ("task die die-4 attempt 1 is dead", "task die_apart die_apart-5 attempt 1 is dead"):
        dead = about(lines, words)
        assert " ERROR redisched.task " in dead
        assert lines[lines.index(dead) + 1] == "    Traceback (most recent call last):"
    assert "attempts used up" in about(lines, "task die die-4")
    assert "its result cannot be stored" in about(lines, "task unstorable unstorable-6 attempt 1 is dead")
    assert " WARNING redisched.task " in about(lines, "no worker is known that has the handler unknown")
    assert "is stopping" in about(lines, "is stopping")
    assert re.search(
        r"has stopped: 3 completed, 1 failed attempts, 3 dead, \d+ given back$", about(lines, "has stopped")
    )
    assert not [line for line in lines if not line.startswith("    ") and LINE.fullmatch(line) is None]
    assert "\x1b" not in "".join(lines)
    assert not [line for line in lines if "has succeeded" in line or line.endswith(" starts")]
    for kind in ("sync", "async", "apart"):
        within = about(lines, f"within {kind}")
        assert " INFO shop " in within
        assert f" [{kind} {kind}-{NAMES.index(kind)} attempt 1]: within {kind}" in within


def test_json_logs_are_one_object_per_line(command: CommandLine, tmp_path: Path) -> None:
    lines = serve(tmp_path, command, "--log-format", "json", "--log-tasks")

    told: list[dict[str, Any]] = [json.loads(line) for line in lines]
    for kind in ("sync", "async", "apart"):
        (one,) = [record for record in told if record["message"] == f"within {kind}"]
        assert (one["task"], one["id"], one["attempt"]) == (kind, f"{kind}-{NAMES.index(kind)}", 1)
        assert one["logger"] == "shop"
    (sync,) = [record for record in told if record["message"] == "within sync"]
    assert sync["task_id"] == "mine"
    assert "object object" in sync["thing"]
    for name in ("die-4", "die_apart-5"):
        (dead,) = [record for record in told if record.get("id") == name and record["level"] == "ERROR"]
        assert dead["exception"].startswith("Traceback")
        assert "for good" in dead["exception"]
        assert dead["task"] == name.partition("-")[0]
    ends = {record["id"] for record in told if "has succeeded" in record["message"]}
    assert ends == {"sync-0", "async-1", "apart-2"}


@pytest.mark.parametrize(
    ("words", "level"),
    [(("--log-tasks",), "INFO"), pytest.param(("--log-level", "debug"), "DEBUG", marks=pytest.mark.nightly)],
)
def test_starts_and_ends_of_tasks_are_logged_at_debug_or_with_log_tasks(
    command: CommandLine, tmp_path: Path, words: tuple[str, ...], level: str
) -> None:
    lines = serve(tmp_path, command, *words)

    for kind in ("sync", "async", "apart"):
        for event in ("starts", "has succeeded"):
            line = about(lines, f"task {kind} {kind}-{NAMES.index(kind)} attempt 1 {event}")
            assert f" {level} redisched.task " in line


def test_the_level_can_be_chosen(command: CommandLine, tmp_path: Path) -> None:
    lines = serve(tmp_path, command, "--log-level", "error")

    levels = {found["level"] for line in lines if (found := LINE.match(line))}
    assert levels == {"ERROR"}


OWN = {
    "basicConfig": """
logging.basicConfig(level="INFO", format="OWN %(levelname)s %(name)s %(redisched_id)s %(message)s")
log.info("imported")
""",
    "dictConfig": """
import logging.config
logging.config.dictConfig({
    "version": 1,
    "formatters": {"own": {"format": "OWN %(levelname)s %(name)s %(redisched_id)s %(message)s"}},
    "handlers": {"own": {"class": "logging.StreamHandler", "formatter": "own"}},
    "root": {"level": "INFO", "handlers": ["own"]},
})
""",
}


@pytest.mark.parametrize("way", [pytest.param("basicConfig", marks=pytest.mark.nightly), "dictConfig"])
def test_the_logging_that_an_application_configures_is_not_changed(
    command: CommandLine, tmp_path: Path, way: str
) -> None:
    source = APPLICATION.replace("app = Scheduler()", f"log = logging.getLogger()\n{OWN[way]}\napp = Scheduler()")
    lines = serve(tmp_path, command, "--log-tasks", source=source)

    for kind in ("sync", "async", "apart"):
        assert about(lines, f"within {kind}") == f"OWN INFO shop {kind}-{NAMES.index(kind)} within {kind}"
    assert about(lines, "task die die-4 attempt 1 is dead").startswith("OWN ERROR redisched.task die-4 task die")
    assert about(lines, "task fail fail-3 attempt 1 has failed").startswith("OWN WARNING redisched.task fail-3 ")
    assert about(lines, " starts: ").startswith("OWN INFO redisched.worker  worker ")


def test_the_level_of_an_application_applies_and_an_unused_format_causes_a_warning(
    command: CommandLine, tmp_path: Path
) -> None:
    source = APPLICATION.replace(
        "app = Scheduler()", "logging.basicConfig(format='OWN %(message)s')\napp = Scheduler()"
    )
    lines = serve(tmp_path, command, "--log-format", "json", source=source)

    assert not [line for line in lines if "within sync" in line or "within async" in line]
    assert [line for line in lines if "is not used" in line and line.startswith("OWN ")]
    assert about(lines, "task die die-4 attempt 1 is dead").startswith("OWN task die")


def test_loggers_with_handlers_of_their_own_log_each_record_once(command: CommandLine, tmp_path: Path) -> None:
    own = "log.addHandler(logging.StreamHandler()); log.setLevel('INFO')"
    lines = serve(tmp_path, command, source=APPLICATION.replace("@app.task", f"{own}\n\n@app.task", 1))

    assert about(lines, "within sync") == "within sync"
    assert about(lines, " starts: ")


def test_redisched_does_not_change_the_logging_of_a_plain_program(url: str, tmp_path: Path) -> None:
    script = """
import logging
import redisched, redisched.engine.worker, redisched.engine.supervisor, redisched.chaos
app = redisched.Scheduler()

@app.task(name='add')
def add(a, b):
    return a + b

add.enqueue(1, 2)
redisched.chaos.work_off(app)
known = logging.Logger.manager.loggerDict.values()
loggers = [logging.getLogger(), *(one for one in known if isinstance(one, logging.Logger))]
ours = [one for one in loggers if one.name.partition(".")[0] in ("root", "redisched")]
assert not [one for one in ours if one.handlers or one.level not in (logging.NOTSET, logging.WARNING)]
assert logging.getLogRecordFactory() is logging.LogRecord
"""
    finished = subprocess.run(
        (sys.executable, "-c", script), cwd=tmp_path, env=environment(REDISCHED_URL=url),
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (finished.returncode, finished.stderr) == (0, "")
