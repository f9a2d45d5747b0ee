"""`redisched exporter` and `redisched worker --metrics-port`: what they refuse at their start, and what they serve."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.config import Settings
from redisched.embedded.free_port import find_free_port
from tests.brokers import BrokerKind, Servers
from tests.cli.commands import environment, run, run_process
from tests.metrics.scraped import fetch

HIDDEN = (
    "import importlib.util as util\n"
    "found = util.find_spec\n"
    "util.find_spec = lambda name, *more: None if name == 'prometheus_client' else found(name, *more)\n"
)
"""As if the extra were not installed."""


@pytest.mark.parametrize("words", [("exporter",), ("worker", "shop:app", "--metrics-port", "9700")])
def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "shop.py").touch()
    (tmp_path / "sitecustomize.py").write_text(HIDDEN)
    here = environment()
    here["PYTHONPATH"] = f"{tmp_path}:{here['PYTHONPATH']}"
    finished = subprocess.run(
        (sys.executable, "-m", "redisched", *words), cwd=tmp_path, env=here, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2
    assert "pip install 'redisched[metrics]'" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_worker_refuses_ports_that_are_taken_before_it_starts(tmp_path: Path) -> None:
    (tmp_path / "shop.py").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ("worker", "shop:app", "--processes", "2", "--metrics-port", str(port - 1))
        refused = run_process(*words, cwd=tmp_path)
    assert refused.returncode == 2
    assert re.search(
        r"metrics cannot be served on 127\.0\.0\.1, port \d+: Address already in use; give another", refused.stderr
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--metrics-port", "65535", "--processes", "2"), "2 processes need the ports up to 65536"),
        (("--metrics-port", "0"), "0 is not in the range"),
        (("--metrics-port", "9700", "--metrics-host", "no such host"), "--metrics-host 'no such host': an address of"),
        (("--metrics-port", "9700", "--metrics-host", "192.0.2.1"), "--metrics-host '192.0.2.1': an address of"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    words: tuple[str, ...], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.py").touch()
    monkeypatch.chdir(tmp_path)
    refused = run("worker", "shop:app", *words)
    assert (refused.exit_code, sentence in refused.stderr) == (2, True), refused.output


def test_the_exporter_refuses_a_port_that_is_taken(servers: Servers) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ("--port", str(taken.getsockname()[1]), "--url", servers.url(BrokerKind.VALKEY))
        before = signal.getsignal(signal.SIGTERM)
        refused = run("exporter", *words)
    assert refused.exit_code == 2
    assert re.match(r"Error: port=\d+: one that is free on 127\.0\.0\.1", refused.stderr), refused.stderr
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_redis_that_is_away_is_told_of_at_the_start(tmp_path: Path) -> None:
    exporter = subprocess.Popen(
        (
            sys.executable,
            "-m",
            "redisched",
            "exporter",
            "--port",
            "0",
            "--url",
            f"redis://127.0.0.1:{find_free_port()}",
        ),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert exporter.stdout is not None
    line = exporter.stdout.readline()
    exporter.terminate()
    _, errors = exporter.communicate(timeout=30)
    assert (exporter.returncode, line.startswith("Metrics are at ")) == (0, True)
    assert "Redis does not answer yet" in errors
    assert "redisched_up is 0 until it does" in errors


@pytest.mark.fault
def test_the_exporter_serves_any_keyspace_and_tells_when_redis_is_away(tmp_path: Path) -> None:
    with Server() as server:
        app = Scheduler(settings=Settings(url=server.url, prefix="shop"))
        app.enqueue("add", queue="mail")
        app.close()
        exporter = subprocess.Popen(
            (sys.executable, "-m", "redisched", "exporter", "--port", "0", "--url", server.url, "--prefix", "shop"),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert exporter.stdout is not None
            line = exporter.stdout.readline()
            found = re.search(r"Metrics are at (\S+); to stop it: Ctrl-C", line)
            assert found is not None, line
            assert fetch(found[1]).number("redisched_queue_tasks", queue="mail", state="ready") == 1
            server.kill()
            away = fetch(found[1])
            while away.number("redisched_up"):
                away = fetch(found[1])
            assert away.names == {"redisched_up"}
        finally:
            exporter.terminate()
            _, errors = exporter.communicate(timeout=30)
        assert (exporter.returncode, errors) == (0, "")
