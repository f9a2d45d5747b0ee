"""Actions: counted first, committed by a token, undone within ten seconds, and then done, by ids or by a filter."""

from collections.abc import Iterator
from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.web.acting import actions as actions_module
from redisched.web.acting.actions import Actions
from tests.cli.workshop import Workshop
from tests.web.api import CHANGE, Api


def states(tasks: Scheduler, *ids: str) -> list[str]:
    return [tasks.ref(id, "default").status() for id in ids]


# ---- the way of an action


def test_there_are_ten_seconds_to_undo(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", id="it")
    token = api.post("/actions", {"action": "cancel", "ids": ["it"]})["token"]
    committed = api.post(f"/actions/{token}/commit")
    assert (committed["stage"], 9 < committed["undo_left_s"] <= 10) == ("waiting", True)
    assert api.post(f"/actions/{token}/undo")["stage"] == "undone"


@pytest.mark.usefixtures("in_an_hour")
def test_what_is_undone_leaves_everything_untouched(tasks: Scheduler, workshop: Workshop, api: Api) -> None:
    tasks.enqueue("add", id="a")
    tasks.enqueue("add", id="b", delay=60)
    keys = workshop.keys()
    before = [workshop.perform("DUMP", key) for key in keys]
    asked = api.post("/actions", {"action": "delete", "filter": "queue:default"})
    assert (asked["stage"], asked["count"], asked["count_is_exact"]) == ("proposed", 2, True)
    token = asked["token"]
    api.post(f"/actions/{token}/commit")
    undone = api.post(f"/actions/{token}/undo")
    assert (undone["stage"], undone["done"], undone["undo_left_s"]) == ("undone", 0, None)
    assert api.post(f"/actions/{token}/undo")["stage"] == "undone"
    assert api.refused(f"/actions/{token}/commit")[:2] == (409, "wrong_stage")
    assert [workshop.perform("DUMP", key) for key in keys] == before
    assert set(workshop.keys()) - set(keys) == {b"redisched:audit"}


@pytest.mark.usefixtures("at_once")
def test_what_is_done_cannot_be_undone_and_is_done_once(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", id="a")
    done = api.do("cancel", ids=["a", "none"])
    assert (done["stage"], done["count"], done["unknown"], done["done"]) == ("done", 1, ["none"], 2)
    assert done["outcomes"] == {"cancelled": 1, "unknown": 1}
    assert api.post(f"/actions/{done['token']}/commit")["stage"] == "done"
    status, code, sentence = api.refused(f"/actions/{done['token']}/undo")
    assert (status, code) == (409, "wrong_stage")
    assert "too late" in sentence


def test_what_is_not_committed_is_never_done(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", id="a")
    token = api.post("/actions", {"action": "cancel", "ids": ["a"]})["token"]
    assert api.refused(f"/actions/{token}/undo")[:2] == (409, "wrong_stage")
    assert api.get(f"/actions/{token}")["stage"] == "proposed"
    assert states(tasks, "a") == ["ready"]


def test_a_dry_run_only_counts(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", id="a")
    counted = api.post("/actions", {"action": "cancel", "filter": "state:any", "dry_run": True})
    assert (counted["count"], counted["token"]) == (1, None)
    assert states(tasks, "a") == ["ready"]


@pytest.mark.usefixtures("in_an_hour")
def test_what_an_action_is_about_is_counted_in_parts(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redisched.web.acting.on_tasks.LOOKS", 100)
    tasks.enqueue_many([tasks.request("add" if number % 2 else "mul", number) for number in range(250)])
    asked = api.post("/actions", {"action": "cancel", "filter": "name:add"})
    counts = [(asked["count"], asked["count_is_exact"])]
    for _ in range(3):
        asked = api.post(f"/actions/{asked['token']}/count")
        counts.append((asked["count"], asked["count_is_exact"]))
    assert counts == [(50, False), (100, False), (125, True), (125, True)]
    half = api.post("/actions", {"action": "cancel", "filter": "name:add"})
    api.post(f"/actions/{half['token']}/commit")
    after = api.post(f"/actions/{half['token']}/count")
    assert (after["stage"], after["count"]) == ("waiting", 50), "what is committed is not counted on"


def test_a_token_that_nobody_was_given_is_unknown(api: Api) -> None:
    for path in ("/actions/nobody", "/actions/nobody/commit", "/actions/nobody/undo"):
        method = "GET" if path.endswith("nobody") else "POST"
        status, answer = api.ask(method, path, headers=CHANGE)
        assert (status, answer["code"]) == (404, "no_such_action")
    assert api.problem("/actions/no%20token")[:2] == (400, "invalid")


@pytest.mark.usefixtures("in_an_hour")
def test_a_server_that_stops_does_nothing_of_what_could_be_undone(tasks: Scheduler) -> None:
    tasks.enqueue("add", id="a")
    api = Api(tasks)
    with api.client:
        token = api.post("/actions", {"action": "cancel", "ids": ["a"]})["token"]
        api.post(f"/actions/{token}/commit")
    assert states(tasks, "a") == ["ready"]


def test_a_counted_action_is_forgotten_after_ten_minutes(tasks: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr("redisched.web.app.Actions", lambda redis: Actions(redis, lambda: now_s))
    tasks.enqueue("add", id="a")
    api = Api(tasks)
    with api.client:
        token = api.post("/actions", {"action": "cancel", "ids": ["a"]})["token"]
        now_s = 599.0
        assert api.get(f"/actions/{token}")["stage"] == "proposed"
        now_s = 601.0
        assert api.refused(f"/actions/{token}/commit")[:2] == (404, "no_such_action")


@pytest.mark.usefixtures("in_an_hour")
def test_there_is_an_end_to_how_many_actions_are_under_way(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions_module, "MOST_ACTIONS", 2)
    tasks.enqueue("add", id="a")
    tokens = [api.post("/actions", {"action": "cancel", "ids": ["a"]})["token"] for _ in range(2)]
    api.post(f"/actions/{tokens[0]}/commit")
    assert api.refused("/actions", {"action": "cancel", "ids": ["a"]})[:2] == (503, "too_many_actions")
    api.post(f"/actions/{tokens[0]}/undo")
    api.post("/actions", {"action": "cancel", "ids": ["a"]})
    assert api.problem(f"/actions/{tokens[0]}")[0] == 404


# ---- what is refused


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "action=None: one of cancel, retry"),
        ({"action": "explode", "ids": ["a"]}, "one of cancel, retry"),
        ({"action": 1, "ids": ["a"]}, "one of cancel, retry"),
        ({"action": "cancel"}, "either a filter or ids"),
        ({"action": "cancel", "filter": "state:any", "ids": ["a"]}, "either a filter or ids"),
        ({"action": "cancel", "filter": ""}, "for all of them: state:any"),
        ({"action": "cancel", "filter": None}, "a text of at most"),
        ({"action": "cancel", "filter": "state:dead"}, "state='dead': one of"),
        ({"action": "cancel", "filter": "state:ded"}, "did you mean dead?"),
        ({"action": "cancel", "filter": "name:add", "queue": "default"}, "given beside ids alone"),
        ({"action": "cancel", "ids": []}, "a list of 1 to 1000 texts"),
        ({"action": "cancel", "ids": "a"}, "a list of 1 to 1000 texts"),
        ({"action": "cancel", "ids": ["a"] * 1_001}, "a list of 1 to 1000 texts"),
        ({"action": "cancel", "ids": ["a b"]}, "printable ASCII"),
        ({"action": "cancel", "ids": ["a"], "queue": "{}"}, "queue='{}'"),
        ({"action": "cancel", "ids": ["a"], "arguments": {"x": 1}}, "nothing for this action"),
        ({"action": "cancel", "ids": ["a"], "arguments": []}, "an object of JSON"),
        ({"action": "cancel", "ids": ["a"], "dry_run": 1}, "true or false"),
        ({"action": "cancel", "ids": ["a"], "force": True}, "force=True: left out"),
        ({"action": "reprioritize", "ids": ["a"]}, "a whole number from 0 to 255"),
        ({"action": "reprioritize", "ids": ["a"], "arguments": {"priority": 256}}, "a whole number from 0 to 255"),
        ({"action": "queue_pause"}, "the name of a queue"),
        ({"action": "queue_pause", "queue": "default", "filter": "name:a"}, "the name of a queue"),
        ({"action": "queue_purge", "queue": "default", "arguments": {"states": []}}, "a list of some of"),
        ({"action": "queue_purge", "queue": "default", "arguments": {"states": ["x"]}}, "a list of some of"),
        (
            {"action": "queue_purge", "queue": "default", "arguments": {"states": ["running"]}},
            "state='running': one of",
        ),
        ({"action": "schedule_run", "filter": "name:a"}, "the names of schedules"),
        ({"action": "worker_stop", "ids": ["w"], "queue": "default"}, "the names of workers"),
        ({"action": "worker_stop", "ids": [""]}, "the names of workers"),
    ],
)
def test_a_request_that_is_wrong_is_refused_in_words(tasks: Scheduler, api: Api, body: Any, sentence: str) -> None:
    tasks.enqueue("add", id="a")
    status, code, told = api.refused("/actions", body)
    assert (status, code) == (400, "invalid")
    assert sentence in told
    assert states(tasks, "a") == ["ready"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"action": "reschedule", "ids": ["a"]}, "either delay_s, in seconds from now on, or run_at_ms"),
        ({"action": "reschedule", "ids": ["a"], "arguments": {"delay_s": 1, "run_at_ms": 1}}, "either delay_s"),
        ({"action": "reschedule", "ids": ["a"], "arguments": {"delay_s": "1"}}, "delay_s='1': a number"),
        ({"action": "reschedule", "ids": ["a"], "arguments": {"delay_s": -1}}, "delay_s=-1: a number from 0 to"),
        ({"action": "reschedule", "ids": ["a"], "arguments": {"run_at_ms": -1}}, "run_at_ms=-1: a number from 0 to"),
        ({"action": "reschedule", "ids": ["a"], "arguments": {"run_at_ms": 1e30}}, "run_at_ms=1e+30: a number from"),
        ({"action": "queue_pause", "queue": "default", "arguments": {"duration_s": -1}}, "-1: a number from 0.001 to"),
        ({"action": "queue_drain", "queue": "default", "arguments": {"timeout_s": 0}}, "0: a number from 0.001 to"),
    ],
)
def test_a_wrong_time_is_named_as_it_was_sent(tasks: Scheduler, api: Api, body: Any, sentence: str) -> None:
    tasks.enqueue("add", id="a")
    status, code, told = api.refused("/actions", body)
    assert (status, code) == (400, "invalid")
    assert sentence in told


@pytest.mark.parametrize(
    "body",
    [
        {"action": "cancel", "filter": "id:\ud800"},
        {"action": "worker_stop", "ids": ["\ud800"]},
        {"action": "cancel", "ids": ["a"], "arguments": {"\udfff": 1}},
    ],
)
def test_half_of_a_surrogate_pair_is_refused(api: Api, body: Any) -> None:
    status, _, told = api.refused("/actions", body)
    assert (status, "half of a surrogate pair" in told) == (400, True)


def test_a_body_that_is_no_object_is_refused(api: Api) -> None:
    for content in (b"", b"[]", b"1", b"{", b"\xff", b"[" * 100_000):
        status, answer = api.ask("POST", "/actions", content=content, headers=CHANGE)
        assert status == 400, answer
    too_large = api.ask("POST", "/actions", content=iter([b" " * 2**20, b" "]), headers=CHANGE)
    assert (too_large[0], too_large[1]["code"]) == (413, "too_large")


def test_a_queue_that_does_not_exist_is_not_found(api: Api) -> None:
    assert api.refused("/actions", {"action": "queue_pause", "queue": "none"})[:2] == (404, "no_such_queue")


def test_no_action_finds_out_what_is_hidden(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", kwargs={"password": "x"})
    body = {"action": "cancel", "filter": "arg.password:x", "dry_run": True}
    assert api.refused("/actions", body)[:2] == (400, "hidden")


def test_many_actions_at_once_do_not_disturb_each_other(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions_module, "UNDO_S", 0.05)
    ids = [tasks.enqueue("add").id for _ in range(20)]

    def committed() -> Iterator[str]:
        for id in ids:
            token = api.post("/actions", {"action": "cancel", "ids": [id]})["token"]
            api.post(f"/actions/{token}/commit")
            yield token

    assert all(api.ended(token)["outcomes"] == {"cancelled": 1} for token in list(committed()))
