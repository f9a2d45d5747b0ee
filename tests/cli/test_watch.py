"""`redisched watch`: follows a task until it ends, and its exit code says how."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redisched.cli.session import Session
from redisched.client import following
from redisched.client.following import FollowedTask
from redisched.errors import BrokerUnavailable
from redisched.progress import Progress
from redisched.store.operation import Operation
from redisched.store.reported import Reported
from tests.cli.commands import CommandLine, environment, run_on_terminal
from tests.cli.workshop import Workshop

HALF = Progress(done=1, total=2, note="páges", at_ms=3_000, began_done=0, began_ms=1_000)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens to the task, one after the other: each before the next look at it."""
    happens: list[Callable[[], object]] = []
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.0)
    next_change = FollowedTask.next_change

    def change(followed: FollowedTask) -> Operation[Reported]:
        if followed._told is not None:
            happens.pop(0)()
        return (yield from next_change(followed))

    monkeypatch.setattr(FollowedTask, "next_change", change)
    return happens


def enqueue(command: CommandLine, *more: str) -> None:
    command.output("enqueue", "add", "1", "2", "--id", "one", *more)


def test_each_change_is_a_line(command: CommandLine, workshop: Workshop, meanwhile: list[Callable[[], object]]) -> None:
    enqueue(command)
    lease = workshop.claim()
    meanwhile += [
        lambda: workshop.start(lease),
        lambda: workshop.tell(lease, HALF, "one\ntwo"),
        lambda: workshop.tell(lease, None, "late", number=9),
        lambda: workshop.succeed(lease, 3),
    ]

    result = command.run("watch", "one")

    assert result.stdout.splitlines() == [
        "leased",
        "running, attempt 1, worker worker-1",
        "00:00:01  one",
        "00:00:01  two",
        "  50 %, 1 of 2, páges",
        "(7 lines before this not kept)",
        "00:00:01  late",
        "succeeded after 0 ms: 3",
    ]
    assert result.exit_code == 0


def test_json_is_a_record_a_line(
    command: CommandLine, workshop: Workshop, meanwhile: list[Callable[[], object]]
) -> None:
    enqueue(command)
    lease = workshop.claim()
    meanwhile += [lambda: workshop.tell(lease, HALF, "one"), lambda: workshop.succeed(lease, 3)]

    records = [json.loads(line) for line in command.output("watch", "one", "--json").splitlines()]

    assert [record["state"] for record in records] == ["leased", "leased", "succeeded"]
    assert [record["log"] for record in records] == [
        [],
        [{"number": 1, "attempt": 1, "at_ms": 1_000, "text": "one"}],
        [],
    ]
    assert [record["progress"] and record["progress"]["fraction"] for record in records] == [None, 0.5, 0.5]
    assert [record["result"] for record in records] == [None, None, 3]


def dead(workshop: Workshop) -> None:
    workshop.bury(workshop.claim(), error="ValueError: no luck", traceback="")


def cancelled(workshop: Workshop) -> None:
    workshop.do(workshop.store.cancel(60_000, [("one", b"\x97\xa9cancelled\xa3add\x00\xa0\x00\x00\xc0")]))


@pytest.mark.parametrize(
    ("end", "said"), [(dead, "dead, attempt 5, attempts used up: ValueError: no luck"), (cancelled, "cancelled")]
)
def test_the_exit_code_is_1_if_the_task_does_not_succeed(
    command: CommandLine, workshop: Workshop, end: Callable[[Workshop], None], said: str
) -> None:
    enqueue(command)
    end(workshop)

    result = command.run("watch", "one")

    assert (result.stdout.splitlines(), result.exit_code) == ([said], 1)


def test_a_task_that_waits_says_for_what(
    command: CommandLine, workshop: Workshop, meanwhile: list[Callable[[], object]]
) -> None:
    enqueue(command)
    meanwhile += [lambda: workshop.fail(workshop.claim(), "OSError: cut"), lambda: cancelled(workshop)]

    assert command.run("watch", "one").stdout.splitlines() == [
        "ready, waits for a worker",
        "retrying, attempt 1 failed: OSError: cut",
        "cancelled",
    ]


def test_an_unknown_task_and_one_in_two_queues_are_errors(command: CommandLine) -> None:
    unknown = command.run("watch", "nosuch")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "task 'nosuch' is unknown" in unknown.stderr

    for queue in "ab":
        enqueue(command, "--queue", queue)
    assert command.run("watch", "one").exit_code == 2


def test_it_goes_on_when_redis_answers_again(
    command: CommandLine, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(command)
    workshop.succeed(workshop.claim(), 3)
    failures = [BrokerUnavailable("connection refused", 5.0)]
    next_change = Session.next_change

    def fail_once(session: Any, followed: FollowedTask) -> Reported:
        if failures:
            raise failures.pop()
        return next_change(session, followed)

    monkeypatch.setattr(Session, "next_change", fail_once)
    result = command.run("watch", "one")

    assert (result.stdout, result.exit_code) == ("succeeded after 0 ms: 3\n", 0)
    assert "connection refused" in result.stderr
    assert result.stderr.endswith("; trying again\n")


def test_ctrl_c_ends_it_in_one_line(command: CommandLine, url: str, tmp_path: Path) -> None:
    enqueue(command)
    # A process that is started in the background ignores SIGINT, and so do those that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            (sys.executable, "-m", "redisched", "watch", "one", "--url", url),
            cwd=tmp_path,
            env=environment(PYTHONUNBUFFERED="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready, waits for a worker\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == ("", "Not watched any more; task one goes on.\n")
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130


@pytest.mark.parametrize("columns", ["30", "120"])
def test_a_terminal_shows_a_bar(command: CommandLine, workshop: Workshop, url: str, columns: str) -> None:
    enqueue(command)
    lease = workshop.claim()
    workshop.tell(lease, HALF, "one")
    workshop.succeed(lease, 3)

    shown = run_on_terminal("watch", "one", "--url", url, COLUMNS=columns, TERM="xterm-256color")

    for part in ("00:00:01  one", "━", "50 %  1 of 2", "páges", "succeeded after 0 ms: 3"):
        assert part in shown
