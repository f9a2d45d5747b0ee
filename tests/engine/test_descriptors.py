"""A process that has run out of descriptors says so in a sentence, and works on once there are some again."""

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.config import WorkerSettings
from redisched.embedded import Transport
from redisched.engine.child_spec import Exit, Work
from redisched.engine.started import StartedTable
from redisched.engine.supervisor import Supervisor
from tests.engine.supervised import ROOT, SupervisedFleet
from tests.waiting import wait_until

PROGRAM = "tests.engine.out_of_descriptors"
ALWAYS_OPEN = 4
"""The first descriptors of a supervisor stay open: the standard ones, and the one that wakes it."""


@pytest.fixture(params=["socket", pytest.param("host name", marks=pytest.mark.nightly)])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    transport = Transport.UNIX_SOCKET if request.param == "socket" else Transport.LOOPBACK
    with Server(transport=transport) as server:
        yield server.url.replace("127.0.0.1", "localhost")


def said_by(name: str, url: str) -> subprocess.CompletedProcess[str]:
    """The output of a program that runs out of descriptors."""
    return subprocess.run(
        [sys.executable, "-m", PROGRAM, name],
        cwd=ROOT,
        env={**os.environ, "REDISCHED_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["produce", "produce_async"])
def test_a_producer_without_descriptors_gets_an_error_unless_a_connection_is_open(url: str, name: str) -> None:
    said = said_by(name, url)

    assert said.returncode == 0, said.stderr
    first, *others = said.stdout.splitlines()
    assert first.startswith("BrokerUnavailable: Redis is unavailable")
    assert "Too many open files" in first
    assert others == ["ready", "ready"]


def test_a_worker_without_descriptors_waits_and_loses_nothing(url: str) -> None:
    said = said_by("work", url)

    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == ["3", "3", "7", "7", "3", "3", "3"]
    assert "Traceback" not in said.stderr
    assert "there is no room for its process: [Errno 24] Too many open files" in said.stderr


@contextlib.contextmanager
def without_descriptors(process: int) -> Iterator[None]:
    """While this runs, a process can open nothing, even if it closes what it has."""
    soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    taken = {int(path.name) for path in Path(f"/proc/{process}/fd").iterdir()}
    free = min(set(range(len(taken) + 1)) - taken)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (min(free, ALWAYS_OPEN), hard))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))


WORKER = """
@app.task(name="pid")
def pid():
    return os.getpid()


@app.task(name="once")
def once(path):
    with open(path, "a") as file:
        file.write("began ")
    while not os.path.exists(path + "-go-on"):
        time.sleep(0.01)
    return "done"
"""


def test_a_supervisor_starts_processes_and_takes_tasks_back_once_it_has_descriptors(url: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    health = tmp_path / "health"
    with SupervisedFleet(tmp_path, url, WORKER, "--health-file", str(health)) as fleet:
        worker = fleet.result("pid")
        assert isinstance(worker, int)
        task = fleet.enqueue("once", str(begun))
        wait_until(begun.exists, "the task runs")
        wait_until(health.exists, "the health file is written")
        with without_descriptors(fleet.process.pid):
            wait_until(lambda: "the health file cannot be written" in fleet.log, "the health file cannot be written")
            os.kill(worker, signal.SIGKILL)
            wait_until(lambda: "no worker process can be started" in fleet.log, "no process can start")
            wait_until(lambda: "cannot be taken back yet" in fleet.log, "no task can be taken back")
        Path(f"{begun}-go-on").touch()

        # Its lease has most of its 30 s left.
        assert task.result(timeout=20) == "done"
        assert fleet.result("pid") != worker
        assert "Traceback" not in fleet.log
        assert fleet.stop() == 0


def test_a_worker_without_descriptors_works_on(url: str, tmp_path: Path) -> None:
    with SupervisedFleet(tmp_path, url, WORKER) as fleet:
        fleet.wait_ready()
        (worker,) = fleet.children()
        with without_descriptors(worker):
            assert fleet.result("add", 1, 2) == 3
        assert fleet.stop() == 0


def test_a_supervisor_that_cannot_open_its_tables_waits_until_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    make = StartedTable.make

    def fail_twice(slots: int) -> StartedTable:
        tries.append(slots)
        if len(tries) < 3:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        supervisor.stop()
        return make(slots)

    monkeypatch.setattr(StartedTable, "make", fail_twice)
    monkeypatch.setattr("redisched.engine.supervisor.TICK_S", 0.0)
    supervisor = Supervisor(Work(target="nowhere:app", settings=WorkerSettings(processes=1, concurrency=3)))

    assert supervisor.run() is Exit.STOPPED
    assert tries == [3, 3, 3]
