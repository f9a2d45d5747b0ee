"""The page about the JSON API: its commands and its program do what the page says."""

import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from redisched.client.scheduler import Scheduler
from redisched.redaction import SECRET_NAMES
from redisched.web.acting.action import ActionStage
from redisched.web.acting.requests import ACTIONS
from redisched.web.catalogue import ENDPOINTS
from tests.brokers import BrokerKind, Servers, do_without
from tests.cli.commands import run
from tests.house.checkout import ROOT
from tests.web.served import WebProcess

PAGE = (ROOT / "docs" / "operations" / "web.md").read_text(encoding="utf-8")
(READS,) = re.findall(r"```bash\n(curl -s \$API/overview\n.*?)```", PAGE, re.DOTALL)
(ACTING,) = re.findall(r"```bash\n(curl -s \$API/actions .*?)```", PAGE, re.DOTALL)
(PROBLEM,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
(PROGRAM,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def web(servers: Servers, tmp_path: Path) -> Iterator[WebProcess]:
    broker = servers.broker(BrokerKind.VALKEY)
    tasks = Scheduler(broker=broker)
    tasks.enqueue("send_receipt", 42, id="order-42")
    tasks.enqueue("add", 1)
    broker.close()
    web = WebProcess(tmp_path, "--url", servers.url(BrokerKind.VALKEY))
    yield web
    web.stop()


def curl(web: WebProcess, line: str) -> Any:
    """What a line of the page prints, with the API of this test."""
    if shutil.which("curl") is None:
        do_without("curl is not on PATH: apt-get install curl")
    here = {"API": f"http://{web.host}:{web.port}/api/v1", "PATH": "/usr/bin:/bin"}
    return json.loads(subprocess.run(("sh", "-c", line), env=here, capture_output=True, check=True, text=True).stdout)


def test_the_reads_answer_what_the_table_says(web: WebProcess) -> None:
    overview, queue, found, task, explained, scaled = (curl(web, line) for line in READS.splitlines())
    assert (overview["ready"], queue["ready"], scaled["backlog"], scaled["suggested_workers"]) == (2, 2, 2, 1)
    assert [one["id"] for one in found["tasks"]] == ["order-42"]
    assert task["args"] == [42]
    assert explained["reason"] == "no worker"


def test_an_action_is_asked_for_committed_undone_and_shown_as_on_the_page(web: WebProcess) -> None:
    ask, commit, undo, show = ACTING.splitlines()
    asked = curl(web, ask)
    assert (asked["stage"], asked["count"]) == ("proposed", 0)
    stages = [curl(web, line.replace("$TOKEN", asked["token"]))["stage"] for line in (commit, undo, show)]
    assert stages == ["waiting", "undone", "undone"]


def test_the_page_names_every_action_and_every_stage() -> None:
    assert all(f"`{name}`" in PAGE for name in (*ACTIONS, *ActionStage))


def test_the_shown_problem_is_the_one_that_is_answered(web: WebProcess) -> None:
    assert web.request("GET", "/api/v1/tasks?limit=0") == (400, json.loads(PROBLEM))


def test_the_page_names_every_path_every_option_and_every_hidden_name() -> None:
    for endpoint in ENDPOINTS:
        assert f"`{endpoint.path}" in PAGE, endpoint.path
    for option in re.findall(r"--[a-z-]+", run("web", "--help").stdout):
        assert option in PAGE or option in ("--prefix", "--help"), option
    assert all(f"`{name}`" in PAGE for name in SECRET_NAMES)


def test_the_program_lets_in_whom_it_knows(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    servers.broker(BrokerKind.VALKEY).close()
    monkeypatch.setenv("REDISCHED_URL", servers.url(BrokerKind.VALKEY))
    (tmp_path / "shop_with_tasks.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    app = importlib.import_module("shop_with_tasks").app
    with TestClient(app, "http://shop.example.com") as client:
        path = "/ops/tasks/api/v1/overview"
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"X-User": "bob"}).json()["queues"] == 0
        refused = client.post(path, headers={"X-User": "bob", "X-Redisched": "1"})
        assert refused.json()["detail"] == "bob may only read here"
