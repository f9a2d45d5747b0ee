"""`redisched web`: it refuses what is unsafe before it listens, and serves any keyspace."""

import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

from redisched.embedded.free_port import find_free_port
from tests.brokers import BrokerKind, Servers
from tests.cli.commands import CommandLine, environment, run
from tests.waiting import wait_until
from tests.web.api import CHANGE, READER, SECRET, bearer
from tests.web.served import WebProcess


def test_the_command_refuses_what_is_unsafe_before_it_listens(command: CommandLine) -> None:
    for words, sentence in (
        (("--host", "0.0.0.0"), "--token"),
        (("--token", "short"), "at least 16 ASCII characters"),
        (("--base-path", "x/"), "a path such as /redisched"),
        (("--redact", "-"), "a name with letters or digits"),
    ):
        refused = command.run("web", "--port", "0", *words)
        assert (refused.exit_code, sentence in refused.stderr) == (2, True), refused.output
        assert "short" not in refused.stderr


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'uvicorn' else found(name, *more)\n"
    )
    here = environment()
    here["PYTHONPATH"] = f"{tmp_path}:{here['PYTHONPATH']}"
    finished = subprocess.run(
        (sys.executable, "-m", "redisched", "web"), env=here, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2
    assert "pip install 'redisched[web]'" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_command_serves_any_keyspace_without_an_application(
    servers: Servers, command: CommandLine, tmp_path: Path
) -> None:
    command.run("enqueue", "add", "1", "--id", "it", "--prefix", "shop")
    url = servers.url(BrokerKind.VALKEY)
    secrets = {"REDISCHED_WEB_TOKEN": SECRET, "REDISCHED_WEB_READ_ONLY_TOKEN": READER}
    web = WebProcess(tmp_path, "--url", url, "--prefix", "shop", "--base-path", "/jobs", **secrets)
    try:
        assert web.line.startswith("The dashboard is at http://127.0.0.1:")
        assert "/jobs/api/v1/overview" in web.line
        assert web.request("GET", "/jobs/api/v1/tasks/it")[1]["code"] == "token_needed"
        for path in ("/jobs/api/v1/tasks/it", "/api/v1/tasks/it"):
            status, task = web.request("GET", path, headers=bearer(READER))
            assert (status, task["name"]) == (200, "add")
        refused = web.request("POST", "/jobs/api/v1/tasks", headers=bearer(READER) | CHANGE)
        assert (refused[0], refused[1]["code"]) == (403, "read_only")
        with web.listen(bearer(SECRET)) as listening:
            assert next(listening)["ready"] == 1
            # A stream of events does not keep the server from stopping.
            assert web.stop() == (0, "")
    finally:
        web.process.kill()


def test_a_redis_that_lets_nobody_in_ends_the_command(tmp_path: Path) -> None:
    refused = run("web", "--port", "0", "--url", "redis://:wrong@127.0.0.1:1/0?nonsense=1")
    assert refused.exit_code == 2
    assert "wrong" not in refused.stderr


def test_a_redis_that_is_away_is_told_of_at_the_start(tmp_path: Path) -> None:
    web = WebProcess(tmp_path, "--url", f"redis://127.0.0.1:{find_free_port()}/0")
    assert web.request("GET", "/api/v1/visitor")[0] == 200
    code, errors = web.stop()
    assert (code, errors.count("\n")) == (0, 1)
    assert "Redis does not answer yet" in errors
    assert "the dashboard says so until it does" in errors


def test_the_dashboard_is_opened_in_a_browser_once_it_listens(tmp_path: Path, servers: Servers) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}.new && mv {seen}.new {seen}\n')
    browser.chmod(0o700)
    web = WebProcess(tmp_path, "--open", "--url", servers.url(BrokerKind.VALKEY), BROWSER=f"{browser} %s")
    try:
        wait_until(seen.exists, "the browser was started")
        assert seen.read_text().strip() == f"http://{web.host}:{web.port}/"
        connection = HTTPConnection(web.host, web.port, timeout=30)
        connection.request("GET", "/")
        assert b"<title>redisched</title>" in connection.getresponse().read()
        connection.close()
    finally:
        assert web.stop() == (0, "")
