"""Programs that pull are killed and paused: no task is lost, and what comes from an older lease is refused."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from redisched import Scheduler
from tests.brokers import BrokerKind, Servers
from tests.engine.running import END_S
from tests.pulling import program
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

TASKS = 300
HELD = 4
PROGRAMS = 3
KILLS = 2
"""Fewer than the crashes after which a task is set aside."""


class Line(NamedTuple):
    """What a program wrote of a task that it got."""

    event: str
    pid: int
    task: str
    fence: int


def lines_of(history: Path) -> list[Line]:
    """The history so far; the last line may not be whole yet."""
    text = history.read_text() if history.exists() else ""
    whole = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [Line(event, int(pid), task, int(fence)) for event, pid, task, fence in whole]


@contextmanager
def pulling(url: str, history: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = (sys.executable, "-m", program.__name__, url, str(history), str(HELD))
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_programs_are_killed_and_paused_while_they_hold_tasks(servers: Servers, tmp_path: Path) -> None:
    app, history = Scheduler(broker=servers.broker(BrokerKind.VALKEY)), tmp_path / "history"
    url = servers.url(BrokerKind.VALKEY)
    refs = app.enqueue_many([app.request("send", number, queue="mail") for number in range(TASKS)])
    killed: set[int] = set()

    def pid_after(acks: int) -> int:
        """The program that wrote the latest line, once so many more tasks are done."""
        wanted = acks + sum(line.event == "ack" for line in lines_of(history))
        wait_until(lambda: sum(line.event == "ack" for line in lines_of(history)) >= wanted, "tasks are done", END_S)
        return next(line.pid for line in reversed(lines_of(history)) if line.pid not in killed)

    with ExitStack() as stack:
        for _ in range(PROGRAMS + KILLS):
            stack.enter_context(pulling(url, history))
        for _ in range(KILLS):
            pid = pid_after(20)
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        paused = pid_after(20)
        held = wait_until(lambda: stopped_at_work(paused, history), "it is paused while it works", END_S)
        assert held is not None
        wait_until(lambda: app.count("mail", state=("ready", "scheduled", "leased")) == 0, "all are done", END_S)
        os.kill(paused, signal.SIGCONT)
        refused = held._replace(event="refused")
        wait_until(lambda: refused in lines_of(history), "the paused one is refused", END_S)

    check(lines_of(history), [ref.id for ref in refs], killed)
    assert [ref.status() for ref in refs] == ["succeeded"] * TASKS


def stopped_at_work(pid: int, history: Path) -> Line | None:
    """Pause a program. If it was at work, it stays paused, and this answers at what."""
    os.kill(pid, signal.SIGSTOP)
    last = [line for line in lines_of(history) if line.pid == pid][-1]
    if last.event == "start":
        return last
    os.kill(pid, signal.SIGCONT)
    return None


def check(lines: list[Line], tasks: list[str], killed: set[int]) -> None:
    """Each task was acked once, under its latest fence; only a program that was killed did not write that down."""
    acked = {line.task: line.fence for line in lines if line.event == "ack"}
    started = Counter(line.task for line in lines if line.event == "start")
    assert len(acked) == sum(line.event == "ack" for line in lines)
    assert set(tasks) - acked.keys() <= {line.task for line in lines if line.pid in killed}
    assert started.total() <= TASKS + KILLS + HELD
    for line in lines:
        assert line.fence <= acked.get(line.task, line.fence)
        if line.event == "refused":
            assert line.fence < acked[line.task]
