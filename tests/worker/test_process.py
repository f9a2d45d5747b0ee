"""`python -m worker` as deployed: it runs tasks, survives a killed child, reports its health, stops on SIGTERM."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.client.scheduler import Scheduler
from redisched.embedded import Persistence, PrivateServer
from redisched.model import TaskState
from tests.cli.applications import write_application
from tests.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def server() -> Iterator[PrivateServer]:
    with PrivateServer(persistence=Persistence.NONE) as server:
        yield server


@pytest.fixture
def environment(server: PrivateServer, tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "REDISCHED_URL": server.url, "REDISCHED_HEALTH_FILE": str(tmp_path / "health")}


@pytest.fixture
def worker(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-m", "worker"], cwd=ROOT, env=environment)
    yield process
    process.kill()
    process.wait()


def is_healthy(environment: dict[str, str]) -> bool:
    health = subprocess.run(
        [sys.executable, "-m", "redisched", "health"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    return health.returncode == 0


def children_of(process: "subprocess.Popen[bytes]") -> list[int]:
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [pid for pid in map(int, listed) if b"redisched.engine.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_the_worker_runs_tasks_survives_a_killed_child_and_stops_on_sigterm(
    worker: "subprocess.Popen[bytes]", environment: dict[str, str], server: PrivateServer
) -> None:
    app = Scheduler(server.url)
    first = app.enqueue("demo.checksum", __file__, queue="work")
    assert len(first.result(timeout=60)) == 64
    wait_until(lambda: is_healthy(environment), "the worker is healthy", timeout_s=30.0)

    (child,) = children_of(worker)
    os.kill(child, signal.SIGKILL)
    second = app.enqueue("demo.checksum", __file__, queue="work")
    assert second.result(timeout=60) == first.result(timeout=60)
    assert second.status() is TaskState.SUCCEEDED

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    app.close()


def test_the_worker_runs_the_application_named_in_the_environment(
    environment: dict[str, str], server: PrivateServer, tmp_path: Path
) -> None:
    write_application(tmp_path / "shop", name="tasks.py")
    app = Scheduler(server.url)
    task = app.enqueue("add", 1, 2)

    finished = subprocess.run(
        [sys.executable, "-m", "worker"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT), "REDISCHED_APP": "shop.tasks:app", "REDISCHED_BURST": "1"},
        capture_output=True, check=False, text=True,
    )  # fmt: skip

    assert finished.returncode == 0, finished.stderr
    assert task.result(timeout=0) == 3
    app.close()


def test_the_worker_refuses_to_start_without_a_redis_url() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "REDISCHED_URL"}
    refused = subprocess.run(
        [sys.executable, "-m", "worker"], cwd=ROOT, env=environment, capture_output=True, check=False, text=True
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("REDISCHED_URL")
