"""A server that is killed while an action can still be undone does nothing of it."""

from pathlib import Path

import pytest

from redisched.client.scheduler import Scheduler
from tests.brokers import BrokerKind, Servers
from tests.web.api import CHANGE
from tests.web.served import WebProcess

pytestmark = pytest.mark.fault


def test_a_server_that_dies_within_the_ten_seconds_does_nothing(
    servers: Servers, tasks: Scheduler, tmp_path: Path
) -> None:
    tasks.enqueue("add", id="a")
    url = servers.url(BrokerKind.VALKEY)
    web = WebProcess(tmp_path, "--url", url)
    _, asked = web.request("POST", "/api/v1/actions", {"action": "cancel", "ids": ["a"]}, CHANGE)
    status, committed = web.request("POST", f"/api/v1/actions/{asked['token']}/commit", headers=CHANGE)
    assert (status, committed["stage"]) == (200, "waiting")
    web.process.kill()
    web.process.communicate()

    assert tasks.ref("a", "default").status() == "ready"
    again = WebProcess(tmp_path, "--url", url)
    try:
        assert again.request("GET", f"/api/v1/actions/{asked['token']}")[0] == 404
        (entry,) = again.request("GET", "/api/v1/audit")[1]["entries"]
        assert entry["event"] == "committed"
    finally:
        again.stop()
    assert tasks.ref("a", "default").status() == "ready"
