"""A fleet whose process makes no progress is not healthy, and its metrics say so; each process has its own port."""

import json
import os
import socket
from pathlib import Path

import pytest

from redisched.chaos import Server
from tests.cli.commands import run
from tests.engine.supervised import SupervisedFleet
from tests.metrics.scraped import fetch
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

CODE = """

@app.task(name="blocks", max_attempts=1)
async def blocks():
    time.sleep(90)
"""


def two_free_ports() -> int:
    """The first of two ports that are free, below those that the system gives out."""
    for port in range(12_000 + os.getpid() % 8_000 * 2, 30_000, 2):
        try:
            with socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", port + 1)):
                return port
        except OSError:
            continue
    raise AssertionError("there are no free ports")


def metrics_of(port: int, name: str, **labels: str) -> float:
    """A metric of a process; the sum, if there are several."""
    found = fetch(f"http://127.0.0.1:{port}/metrics")
    return sum(one.value for one in found.samples if one.name == name and labels.items() <= one.labels.items())


@pytest.mark.nightly
@pytest.mark.timeout(180)
def test_a_handler_that_blocks_the_event_loop_while_tasks_are_ready_turns_health_red(tmp_path: Path) -> None:
    health, port = tmp_path / "health", two_free_ports()
    words = ("--health-file", str(health), "--concurrency", "2", "--metrics-port", str(port))
    with Server() as server, SupervisedFleet(tmp_path, server.url, CODE, *words) as fleet:
        fleet.wait_ready()
        wait_until(lambda: run("health", "--health-file", str(health)).exit_code == 0, "it is healthy", timeout_s=20.0)
        fleet.enqueue("blocks")
        wait_until(lambda: metrics_of(port, "redisched_worker_busy_slots") == 1, "it blocks")
        fleet.enqueue("add", 1, 2)
        wait_until(lambda: run("health", "--health-file", str(health)).exit_code == 1, "it is red", timeout_s=90.0)
        told = run("health", "--health-file", str(health), "--json")
        record = json.loads(told.stdout)
        assert record["age_s"] <= 10, "Redis answers all the time"
        (stalled,) = record["stalled"].values()
        assert stalled["reason"] in ("window", "unclaimed")
        assert metrics_of(port, "redisched_worker_stalled", reason=stalled["reason"]) == 1
        assert "makes no progress" in fleet.log


def test_each_process_serves_its_own_metrics_and_a_replacement_takes_over_the_port(tmp_path: Path) -> None:
    port = two_free_ports()
    words = ("--processes", "2", "--metrics-port", str(port))
    with Server() as server, SupervisedFleet(tmp_path, server.url, "", *words) as fleet:
        fleet.wait_ready()
        for number in range(20):
            assert fleet.result("add", number, 1) == number + 1
        ended = "redisched_tasks_ended_total"
        wait_until(lambda: all(_answers(port + number) for number in range(2)), "both are served")
        assert sum(metrics_of(port + number, ended, end="succeeded") for number in range(2)) == 21
        before = fleet.children()
        fleet.process.send_signal(1)
        wait_until(lambda: "all worker processes are replaced" in fleet.log, "all are replaced", timeout_s=60.0)
        wait_until(lambda: not set(before) & set(fleet.children()), "the old ones are gone", timeout_s=30.0)
        wait_until(lambda: all(_answers(port + number) for number in range(2)), "both are served again")
        assert sum(metrics_of(port + number, ended) for number in range(2)) == 0
        assert fleet.stop() == 0


def _answers(port: int) -> bool:
    try:
        return metrics_of(port, "redisched_worker_slots") > 0
    except OSError:
        return False
