"""`redisched web`: where it listens, whom it refuses, and that it works below a path and within other applications."""

import re
import socket
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption
from redisched.web.access import Access, AccessToken
from redisched.web.app import create_app
from redisched.web.serving import listen_on, url_of
from tests.brokers import fake_broker
from tests.web.api import ADDRESS, SECRET

OPEN = Access()
CLOSED = Access(tokens=(AccessToken(secret=SECRET),))


# ---- the address


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_an_address_of_this_machine_needs_no_token(host: str) -> None:
    with listen_on(host, 0, OPEN) as listening:
        assert listening.getsockname()[0].startswith("127.")
        assert re.fullmatch(r"http://127\.0\.0\.\d:\d+", url_of(listening))


@pytest.mark.parametrize("host", ["0.0.0.0", "", "192.0.2.1", "::"])
def test_another_address_is_refused_without_a_token(host: str) -> None:
    with pytest.raises(InvalidOption, match="--token, or REDISCHED_WEB_TOKEN"):
        listen_on(host or "0", 0, OPEN)


def test_another_address_is_taken_with_a_token() -> None:
    with listen_on("0.0.0.0", 0, CLOSED) as listening:
        assert listening.getsockname()[0] == "0.0.0.0"


def test_an_address_that_cannot_be_had_is_refused_in_words() -> None:
    with pytest.raises(InvalidOption, match="an address of this machine"):
        listen_on("no such host", 0, CLOSED)
    with pytest.raises(InvalidOption, match=r"^host='192\.0\.2\.1': an address of this machine"):
        listen_on("192.0.2.1", 0, CLOSED)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InvalidOption, match="one that is free"):
        listen_on("127.0.0.1", taken.getsockname()[1], OPEN)


# ---- within other applications


def fastapi_within(app: Any) -> Any:
    outer = FastAPI()
    outer.mount("/ops/tasks", app)
    return outer


def starlette_within(app: Any) -> Any:
    return Starlette(routes=[Mount("/ops", routes=[Mount("/tasks", app=app)])])


@pytest.mark.parametrize("within", [fastapi_within, starlette_within])
def test_it_can_be_mounted(within: Any) -> None:
    tasks = Scheduler(broker=fake_broker())
    tasks.enqueue("add", id="a/b")
    with TestClient(within(create_app(tasks)), "http://127.0.0.1", client=ADDRESS) as client:
        assert client.get("/ops/tasks/api/v1/tasks/a%2Fb").json()["id"] == "a/b"
        assert client.get("/ops/tasks/api/v1/overview").json()["ready"] == 1
        assert client.get("/ops/tasks/api/v1/openapi.json").json()["servers"] == [{"url": "/ops/tasks/api/v1"}]
        assert client.get("/api/v1/overview").status_code == 404
        assert client.get("/ops/tasks/api/v1/overview", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("sent", ["/redisched/api/v1/tasks/a%2Fb", "/api/v1/tasks/a%2Fb"])
def test_a_proxy_may_pass_the_base_path_on_or_cut_it_off(sent: str) -> None:
    tasks = Scheduler(broker=fake_broker())
    tasks.enqueue("add", id="a/b")
    with TestClient(create_app(tasks, base_path="/redisched"), "http://127.0.0.1", client=ADDRESS) as client:
        assert client.get(sent).json()["id"] == "a/b"
        document = client.get("/api/v1/openapi.json").json()
        assert document["servers"] == [{"url": "/redisched/api/v1"}]


@pytest.mark.parametrize("base_path", ["redisched", "/", "/a/", "/a b", "//a", "/a?b"])
def test_a_base_path_that_is_none_is_refused(base_path: str) -> None:
    with pytest.raises(InvalidOption, match="a path such as /redisched"):
        create_app(Scheduler(broker=fake_broker()), base_path=base_path)
