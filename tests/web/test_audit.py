"""The audit says who did what, from where and with which outcome; what cannot be audited is not done."""

import logging
from typing import Any

import pytest

from redisched.chaos.server import Server
from redisched.client.scheduler import Scheduler
from redisched.errors import QueueFull
from redisched.keys import audit_key
from redisched.store import audit as audit_module
from redisched.store.broker import connect
from redisched.store.operation import Operation
from redisched.web.access import Access, AccessToken, Role, Visitor
from redisched.web.acting import actions as actions_module
from tests.cli.workshop import Workshop
from tests.waiting import wait_until
from tests.web.api import CHANGE, SECRET, Api, bearer


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions_module, "UNDO_S", 0.0)


def entries(api: Api, **parameters: Any) -> Any:
    return api.get("/audit", **parameters)["entries"]


def test_the_audit_says_who_did_what_with_which_outcome(tasks: Scheduler) -> None:
    tasks.enqueue("add", id="a")
    api = Api(tasks, bearer(SECRET), access=Access(tokens=(AccessToken(secret=SECRET, name="ann"),)))
    with api.client:
        done = api.do("reprioritize", filter="name:add", arguments={"priority": 2})
        end, beginning = entries(api)
    assert beginning["at_ms"] <= end["at_ms"]
    times = {"at_ms": 0}
    assert beginning | times == {
        "at_ms": 0,
        "event": "committed",
        "action_id": done["token"][:8],
        "action": "reprioritize",
        "who": "ann",
        "role": "operator",
        "address": "127.0.0.1",
        "target": {"filter": "name:add", "ids": [], "queue": None},
        "arguments": {"priority": 2},
        "count": 1,
        "outcomes": {},
        "error": None,
    }
    assert end | times == beginning | times | {"event": "done", "outcomes": {"changed": 1}}


def test_what_was_undone_and_what_has_failed_is_in_it(
    tasks: Scheduler, workshop: Workshop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.enqueue("add", id="a")
    asked = api.post("/actions", {"action": "cancel", "ids": ["a"]})
    workshop.perform("SET", "redisched:{default}:cancelling", "x")
    api.post(f"/actions/{asked['token']}/commit")
    api.ended(asked["token"])
    monkeypatch.setattr(actions_module, "UNDO_S", 3_600.0)
    tasks.enqueue("add", id="b", queue="mail")
    token = api.post("/actions", {"action": "delete", "ids": ["b"], "queue": "mail"})["token"]
    api.post(f"/actions/{token}/commit")
    api.post(f"/actions/{token}/undo")
    undone, _, failed, _ = entries(api)
    assert (undone["event"], undone["action"], undone["error"]) == ("undone", "delete", None)
    assert failed["event"] == "failed"
    assert "is a string" in failed["error"]


def test_an_action_that_the_end_of_the_server_interrupts_is_in_it(tasks: Scheduler) -> None:
    tasks.enqueue("add")
    first = Api(tasks)
    with first.client:
        asked = first.post("/actions", {"action": "queue_drain", "queue": "default"})
        first.post(f"/actions/{asked['token']}/commit")
        wait_until(lambda: first.get(f"/actions/{asked['token']}")["stage"] == "running", "it is being done")
    second = Api(tasks)
    with second.client:
        assert entries(second)[0]["event"] == "interrupted"


def test_pages_have_every_entry_newest_first(tasks: Scheduler, api: Api) -> None:
    ids = [tasks.enqueue("add").id for _ in range(3)]
    for id in ids:
        api.do("cancel", ids=[id])
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = api.get("/audit", limit=4, **after)
        seen += [entry["target"]["ids"][0] for entry in page["entries"] if entry["event"] == "done"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == ids[::-1]
    assert api.problem("/audit", after="x")[:2] == (400, "invalid")


def test_it_is_capped_and_of_many_ids_the_first_are_in_it(
    tasks: Scheduler, workshop: Workshop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "KEPT", 1)
    tasks.enqueue("add")
    api.do("cancel", ids=[f"id-{number}" for number in range(50)])
    target = entries(api)[0]["target"]
    assert (target["ids"][-1], target["more_ids"]) == ("id-19", 30)
    for _ in range(150):
        api.do("queue_resume", queue="default")
    assert workshop.perform("XLEN", audit_key()) < 300


def test_what_another_program_wrote_hides_nothing(workshop: Workshop, tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", id="a")
    api.do("cancel", ids=["a"])
    workshop.perform("XADD", audit_key(), "*", "x", b"\xff")
    empty = [part for name in ("event", "action_id", "action", "role", "address") for part in (name, "")]
    workshop.perform("XADD", audit_key(), "*", *empty, "who", b"\xff", "target", "[[", "count", "many")
    foreign, done, _ = entries(api)
    assert (foreign["target"], foreign["count"]) == ({"text": "[["}, 0)
    assert done["event"] == "done"


def test_what_cannot_be_audited_is_not_done() -> None:
    with Server() as server:
        administrator = connect(server.url, 5.0)
        rules = ("reset", "on", ">secret", "~*", "&*", "+@all", "-xadd")
        administrator.client().perform(("ACL", "SETUSER", "app", *rules))
        administrator.close()
        tasks = Scheduler(server.url.replace("unix://", "unix://app:secret@"))
        tasks.enqueue("add", id="a")
        api = Api(tasks)
        with api.client:
            token = api.post("/actions", {"action": "cancel", "ids": ["a"]})["token"]
            status, code, sentence = api.refused(f"/actions/{token}/commit")
            assert (status, code, "xadd" in sentence.lower()) == (502, "redis_refused", True)
            assert api.get(f"/actions/{token}")["stage"] == "proposed"
        assert tasks.ref("a", "default").status() == "ready"
        tasks.close()


def test_a_full_redis_can_be_emptied_and_the_log_says_what_is_not_in_the_audit(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> Operation[None]:
        yield ("PING",)
        raise QueueFull("OOM")

    monkeypatch.setattr("redisched.web.acting.auditor.note", full)
    tasks.enqueue("add", id="a")
    with caplog.at_level(logging.WARNING, "redisched.web.audit"):
        assert api.do("delete", ids=["a"])["outcomes"] == {"deleted": 1}
    assert "is not in the audit" in caplog.text
    assert entries(api) == []


def test_what_visitors_are_called_cannot_forge_the_log(tasks: Scheduler, caplog: pytest.LogCaptureFixture) -> None:
    forged = "eve\n2030-01-31 CRITICAL all is lost\x1b[2J\u202e"
    visitor = Visitor(name=forged, role=Role.OPERATOR)
    api = Api(tasks, access=Access(visitor_of=lambda _connection: visitor))
    tasks.enqueue("add", id="a")
    with api.client, caplog.at_level(logging.INFO, "redisched.web.audit"):
        token = api.post("/actions", {"action": "cancel", "ids": ["a"]})["token"]
        api.post(f"/actions/{token}/commit")
    (told,) = [record.getMessage() for record in caplog.records if "committed" in record.getMessage()]
    assert "eve\\n2030" in told
    assert told.isprintable()


@pytest.mark.usefixtures("at_once")
def test_bytes_that_are_no_text_are_in_the_audit_as_they_were_sent(tasks: Scheduler) -> None:
    visitor = Visitor(name="eve \ud800", role=Role.OPERATOR)
    api = Api(tasks, access=Access(visitor_of=lambda _connection: visitor))
    with api.client:
        assert api.do("worker_stop", ids=["w\udcff"])["outcomes"] == {"unknown": 1}
        assert api.do("cancel", filter="error:\udcff")["stage"] == "done"
        ended = entries(api)[2]
    assert (ended["event"], ended["target"]["ids"], ended["who"]) == ("done", ["w\udcff"], "eve \\ud800")


def test_a_reader_may_read_the_audit_and_ask_for_nothing(tasks: Scheduler) -> None:
    api = Api(tasks, access=Access(role=Role.READER))
    with api.client:
        assert entries(api) == []
        status, answer = api.ask("POST", "/actions", json={"action": "cancel", "ids": ["a"]}, headers=CHANGE)
        assert (status, answer["code"]) == (403, "read_only")
