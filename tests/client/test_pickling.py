"""Handlers, producers and references can be sent to other processes, without any password."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import NotPicklable
from tests.brokers import BrokerKind, Servers

ROOT = Path(__file__).resolve().parents[2]
PROTOCOLS = range(2, pickle.HIGHEST_PROTOCOL + 1)
JOBS = """
from redisched import Scheduler
app = Scheduler()

@app.task(queue="mail")
def send(number): return number
"""
MAIN = """
import multiprocessing
import sys
from jobs import send

if __name__ == "__main__":
    for way in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(way).Pool(2) as pool:
            refs = pool.map(send.enqueue, range(3)) + pool.map(send.options(priority=1).enqueue, range(3))
            print(*pool.map(type(refs[0]).status, refs), {ref.queue for ref in refs})
"""

app = Scheduler("redis://user:secret@localhost:1/0")


@app.task
def held(number: int) -> int:
    return number


def copies(value: Any) -> list[Any]:
    return [pickle.loads(pickle.dumps(value, protocol)) for protocol in PROTOCOLS] + [copy.deepcopy(value)]


def test_a_pool_of_processes_enqueues(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(JOBS)
    (tmp_path / "main.py").write_text(MAIN)
    environment = {**os.environ, "REDISCHED_URL": servers.url(BrokerKind.VALKEY), "PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [sys.executable, "main.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert finished.stdout.splitlines() == [" ".join(["ready"] * 6 + ["{'mail'}"])] * 3


def test_objects_of_a_module_are_unpickled_as_the_same_without_secrets() -> None:
    reference = app.ref("one", "mail")
    for value in (app, held, held.enqueue, held.options(delay=3), held.options(delay=3).enqueue, reference):
        for protocol in PROTOCOLS:
            assert b"secret" not in pickle.dumps(value, protocol)
    assert all(copied is app for copied in copies(app))
    assert all(copied is held for copied in copies(held))
    assert all(copied.__self__ is held for copied in copies(held.enqueue))
    assert all(copied == reference for copied in copies(reference))
    assert all(copied._options == held.options(delay=3)._options for copied in copies(held.options(delay=3)))


def test_a_request_is_unpickled_unchanged() -> None:
    request = held.request(1)
    assert all(copied == request for copied in copies(request))


def test_an_application_without_a_module_is_pickled_by_its_settings() -> None:
    (copied, *_) = copies(Scheduler("redis://localhost:1/0"))
    assert copied.settings.url == "redis://localhost:1/0"


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:secret@localhost:1/0",
        "redis://secret@localhost:1/0",
        "redis://localhost:1/0?password=secret",
        "unix://:secret@/a/socket",
        "redis+sentinel://localhost:1/tasks?sentinel_password=secret",
        "rediss://localhost:1/0?ssl_certfile=/a&ssl_password=secret",
    ],
)
def test_an_application_without_a_module_but_with_a_secret_cannot_be_pickled(url: str) -> None:
    unheld = Scheduler(url)
    for value in (unheld, unheld.ref("one"), unheld.task(name="held")(held)):
        with pytest.raises(NotPicklable) as refusal:
            pickle.dumps(value)
        assert "secret" not in str(refusal.value)
