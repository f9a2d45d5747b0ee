"""`redisched demo` shows its figures, and fails when a guarantee was broken."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from redisched.demo.command import Audience
from redisched.demo.summary import Lateness, Percentiles, Summary
from tests.cli.commands import environment, run

SPREAD = Percentiles(p50=1.0, p99=2.0, max=3.0)
HOLDS = Summary(
    enqueued=10, succeeded=9, retried=2, dead=1, lost=0, recovered=1, taken_back=1, double_charges=0, mails_received=3,
    inversions=0, pickup_ms=SPREAD, lateness_ms=Lateness(p50=1.0, p99=2.0, max=3.0, early=0), kinds={"mail": 10},
    seconds=1.5,
)  # fmt: skip


def show(monkeypatch: pytest.MonkeyPatch, summary: Summary) -> list[tuple[int, Audience]]:
    """Let the demo end with a summary; answers the arguments that it is called with."""
    asked: list[tuple[int, Audience]] = []

    def run_demo(tasks: int, audience: Audience) -> Summary:
        asked.append((tasks, audience))
        return summary

    monkeypatch.setattr("redisched.demo.command.run_demo", run_demo)
    return asked


def test_json_shows_the_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = show(monkeypatch, HOLDS)

    result = run("demo", "--json", "--tasks", "50")

    record = json.loads(result.stdout)
    assert asked == [(50, Audience.MACHINES)]
    assert result.exit_code == 0
    assert record["enqueued"] == 10
    assert record["pickup_ms"] == {"p50": 1.0, "p99": 2.0, "max": 3.0}
    assert record["lateness_ms"]["early"] == 0


def test_without_json_the_summary_is_shown_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = show(monkeypatch, HOLDS)

    assert run("demo").exit_code == 0
    assert asked == [(1_000, Audience.PEOPLE)]


@pytest.mark.parametrize("as_json", [("--json",), ()])
def test_a_lost_task_makes_the_demo_fail(monkeypatch: pytest.MonkeyPatch, as_json: tuple[str, ...]) -> None:
    show(monkeypatch, replace(HOLDS, lost=1))

    assert run("demo", *as_json).exit_code == 1


def test_zero_tasks_are_bad_usage() -> None:
    assert run("demo", "--tasks", "0").exit_code == 2


WITHOUT_MAIL_SERVER = """
import sys
sys.modules["aiosmtpd"] = None
from redisched.cli.main import cli
cli(sys.argv[1:], prog_name="redisched")
"""


@pytest.mark.parametrize("as_json", [("--json",), ()])
def test_without_its_extra_the_demo_says_what_to_install(as_json: tuple[str, ...]) -> None:
    finished = subprocess.run(
        (sys.executable, "-c", WITHOUT_MAIL_SERVER, "demo", *as_json),
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert finished.returncode == 2
    assert "pip install 'redisched[demo]'" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_without_its_extra_the_demo_still_shows_help() -> None:
    finished = subprocess.run(
        (sys.executable, "-c", WITHOUT_MAIL_SERVER, "demo", "--help"),
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert finished.returncode == 0, finished.stderr


def test_the_workers_of_the_demo_do_not_need_the_extra() -> None:
    script = "import sys; sys.modules['aiosmtpd'] = None; import redisched.demo.app"

    subprocess.run((sys.executable, "-c", script), env=environment(), check=True)
