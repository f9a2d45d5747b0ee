"""The shop in `examples/schedules`: its schedules are declared, and customers set reminders in their own zones."""

import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from tests.cli.commands import environment
from tests.engine.running import RunningWorker
from tests.waiting import wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "schedules" / "shop.py"

pytestmark = pytest.mark.measured


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def program(server: Server, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("REDISCHED_URL", server.url)
    return runpy.run_path(str(EXAMPLE), run_name="shop")


def words_of(app: Scheduler) -> dict[str, str]:
    """When the slots of each schedule come."""
    return {schedule.name: schedule.words for schedule in app.schedules.ls()}


def test_a_worker_declares_the_schedules_and_each_of_them_runs(program: dict[str, Any]) -> None:
    app: Scheduler = program["app"]
    with RunningWorker(app):
        wait_until(lambda: len(words_of(app)) == 2, "the schedules are declared")
        assert words_of(app) == {
            "carts": "every minute, each up to 10 seconds later",
            "report": "at 03:00 every day, Berlin time",
        }
        report, carts = app.schedules.run("report"), app.schedules.run("carts")
        assert report.result(timeout=60).startswith("report for 2")
        assert carts.result(timeout=60) == f"carts cleared by {carts.id}"


def test_the_latest_reminder_of_a_customer_holds(program: dict[str, Any]) -> None:
    app: Scheduler = program["app"]
    program["set_reminder"]("ada", "FRI", "Europe/London")
    program["set_reminder"]("ada", "MON", "America/New_York")

    assert words_of(app) == {"remind:ada": "at 09:00 on Monday, New York time"}
    (view,) = app.schedules.ls()
    assert (view.queue, view.handler, view.args) == ("mail", "remind", ["ada"])


def test_the_program_prints_the_schedules_and_a_reminder(program: dict[str, Any], server: Server) -> None:
    with RunningWorker(program["app"]):
        printed = subprocess.run(
            (sys.executable, "shop.py"),
            cwd=EXAMPLE.parent,
            env=environment(REDISCHED_URL=server.url),
            capture_output=True,
            check=True,
            text=True,
            timeout=60,
        ).stdout.splitlines()

    assert "remind:ada: at 09:00 on Friday, London time, next 2" in "\n".join(printed)
    assert printed[-1] == "ada is reminded"
