"""Errors are problems with a sentence, whoever is at fault: the request, Redis, or the server."""

import logging
from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.errors import QueueFull, UnknownSchedule
from redisched.store.broker import Broker
from redisched.web.problems import problem_of
from tests.web.api import Api


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/tasks?limit=0", "limit='0': a whole number from 1 to 200"),
        ("/tasks?limit=201", "limit='201': a whole number from 1 to 200"),
        ("/tasks?limit=99999999999999999999", "a whole number from 1 to 200"),
        ("/tasks?limit=1e3", "a whole number"),
        ("/tasks?limit=%D9%A3", "a whole number"),
        ("/tasks?limit=", "a whole number"),
        ("/tasks?limit=1&limit=2", "limit is given 2 times"),
        ("/tasks?after=later:x", "a place as the end of a listing told it"),
        ("/tasks?after=later:99999999999999999999:x", "a place as the end of a listing told it"),
        ("/tasks/x?queue=a{b}", "queue='a{b}'"),
        ("/tasks/x?queue=" + "q" * 101, "1 to 100 letters"),
        ("/tasks/x?queue=%FF", "not UTF-8"),
        ("/tasks?filter=state:ded", "did you mean dead?"),
        ("/tasks?filter=" + "a" * 4_001, "at most 4000 characters"),
        ("/tasks?" + "&".join(f"a{number}=1" for number in range(101)), "over 100 parts"),
        ("/tasks/a%20b", "1 to 200 printable ASCII characters"),
        ("/tasks/%FF", "not UTF-8"),
        ("/queues?after=" + "x" * 301, "the next of the page before"),
        ("/workers?after=-1", "the next of another page"),
        ("/workers?after=18446744073709551616", "the next of another page"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, path: str, sentence: str) -> None:
    status, code, told = api.problem(path)
    assert (status, code) == (400, "invalid")
    assert sentence in told


def test_an_unknown_parameter_is_named_with_those_there_are(api: Api) -> None:
    status, code, told = api.problem("/tasks?page=1")
    assert (status, code) == (400, "unknown_parameter")
    assert told == "there is no parameter 'page' here; there are: after, filter, limit"
    assert api.problem("/overview?x")[2] == "there is no parameter 'x' here; there are: none"


def test_a_path_or_a_method_that_does_not_exist_is_a_problem_too(api: Api) -> None:
    assert api.problem("/nothing")[:2] == (404, "no_such_path")
    for path in ("/none", "/api/v1/queues/", "/api/v1//queues", "/api/v1/tasks/", "/api/v2/queues"):
        assert api.client.get(path, follow_redirects=False).json()["code"] == "no_such_path"
    answer = api.client.post("/api/v1/overview", headers={"X-Redisched": "1"})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/overview", "/queues", "/tasks", "/tasks/x", "/workers", "/scale/x"])
def test_without_a_redis_every_read_is_to_be_tried_again(path: str) -> None:
    api = Api(Scheduler(settings=Settings(url="redis://127.0.0.1:1/0", timeout_s=0.1)))
    assert api.problem(path)[:2] == (503, "redis_unavailable")
    assert api.client.get(f"/api/v1{path}").headers["retry-after"] == "5"


def test_without_any_redis_the_sentence_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    status, code, told = Api(Scheduler()).problem("/overview")
    assert (status, code) == (503, "redis_unavailable")
    assert "REDISCHED_URL" in told


def test_a_key_of_another_type_is_named(real_broker: Broker, api: Api) -> None:
    real_broker.client().perform(("SET", "redisched:queues", "x"))
    status, code, told = api.problem("/overview")
    assert (status, code) == (502, "redis_refused")
    assert "WRONGTYPE" in told


def test_a_fault_of_the_server_tells_nothing_but_is_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("the inside of the server")

    monkeypatch.setattr("redisched.web.redis.Redis.queues", fail)
    with caplog.at_level(logging.ERROR):
        status, body = api.ask("GET", "/queues")
    assert (status, body["code"], body["detail"]) == (500, "failed", "the server failed; its log says why")
    assert "the inside of the server" in caplog.text


def test_errors_of_redisched_have_their_status() -> None:
    assert problem_of(QueueFull("OOM")).status == 503
    assert problem_of(UnknownSchedule("x")).status == 404
