"""`redisched dev` runs, reloads, survives a mistake, and leaves nothing behind."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from redisched.embedded import status
from tests.cli.applications import APPLICATION, write_application
from tests.cli.commands import environment, run, run_process
from tests.waiting import wait_until


def show(task_id: str) -> Any:
    return json.loads(run("task", "show", task_id, "--json").stdout)


def wait_for_result(task_id: str, result: object) -> None:
    wait_until(lambda: show(task_id)["result"] == result, f"{task_id} resulted in {result}", timeout_s=30)


@pytest.fixture
def log(project: Path) -> Path:
    return project / "dev.log"


@pytest.fixture
def dev(project: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    write_application(project)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            (sys.executable, "-m", "redisched", "dev", "shop:app"),
            cwd=project,
            env=environment(),
            stdout=output,
            stderr=output,
        ) as process,
    ):
        yield process
        process.kill()


def test_dev_reloads_after_a_change_and_survives_a_mistake(
    project: Path, log: Path, dev: "subprocess.Popen[bytes]"
) -> None:
    run("enqueue", "add", "1", "2", "--id", "one")
    wait_for_result("one", 3)

    write_application(project, APPLICATION + "\ndef (\n")
    wait_until(lambda: "waiting for a change" in log.read_text(), "the mistake was reported", timeout_s=30)
    assert "SyntaxError" in log.read_text()
    assert "shop.py changed" in log.read_text()

    write_application(project, APPLICATION.replace("a + b", "a * b"))
    run("enqueue", "add", "5", "6", "--id", "two")
    wait_for_result("two", 30)

    dev.send_signal(signal.SIGINT)
    assert dev.wait(timeout=30) == 0
    wait_until(lambda: not status(project).running, "the server has stopped with `redisched dev`")


def test_dev_serves_the_dashboard_of_its_server(project: Path, log: Path, dev: "subprocess.Popen[bytes]") -> None:
    def page() -> str:
        found = re.search(r"The dashboard is at (http://127\.0\.0\.1:\d+/) ", log.read_text())
        return found[1] if found else ""

    address = wait_until(page, "it has told its address", timeout_s=30)
    run("enqueue", "add", "1", "2", "--id", "one")
    wait_for_result("one", 3)
    with urlopen(f"{address}api/v1/tasks/one?queue=default") as answer:
        assert json.load(answer)["state"] == "succeeded"

    dev.send_signal(signal.SIGINT)
    assert dev.wait(timeout=30) == 0
    with pytest.raises(OSError, match="refused"):
        urlopen(address)


def test_no_process_outlives_a_kill_of_dev(project: Path, dev: "subprocess.Popen[bytes]") -> None:
    run("enqueue", "add", "1", "2", "--id", "one")
    wait_for_result("one", 3)

    dev.kill()

    wait_until(lambda: not status(project).running, "server and worker have ended", timeout_s=30)


@pytest.mark.parametrize("target", ["shop", "nosuch_module:app"])
def test_a_target_that_does_not_exist_is_bad_usage(project: Path, target: str) -> None:
    finished = run_process("dev", target, cwd=project)

    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr
