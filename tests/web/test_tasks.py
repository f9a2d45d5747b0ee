"""Tasks: the records of the command line, listed by filters and in pages."""

import pytest

from redisched.client.scheduler import Scheduler
from redisched.filters.scan import STEP
from redisched.model import DeathReason, Failure
from redisched.progress import Progress
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop
from tests.web.api import Api
from tests.web.records import without_times


def test_a_task_is_the_record_of_the_command_line(tasks: Scheduler, api: Api, command: CommandLine) -> None:
    task = tasks.enqueue("add", 1, kwargs={"b": b"\xff"}, priority=3, expires=60)
    assert without_times(api.get(f"/tasks/{task.id}")) == without_times(command.record("task", "show", task.id))


def test_a_task_tells_its_progress_log_failures_and_the_pause_of_its_queue(
    tasks: Scheduler, workshop: Workshop, api: Api
) -> None:
    tasks.enqueue("add", id="it")
    workshop.retry(workshop.claim(), Failure(name="add", error="ValueError: no", attempt=1, worker="w"))
    lease = workshop.claim()
    workshop.start(lease)
    workshop.tell(lease, Progress(done=1, total=4, attempt=2), "half a line")
    tasks.queue("default").pause(60)
    task = api.get("/tasks/it")
    assert (task["state"], task["attempts"], task["failure"]["error"]) == ("running", 2, "ValueError: no")
    assert task["progress"]["fraction"] == 0.25
    assert [line["text"] for line in task["log"]] == ["half a line"]
    assert task["queue_paused"]["until_ms"] - task["queue_paused"]["since_ms"] == 60_000


@pytest.mark.parametrize("id", ["a/b", "a%2Fb", "explain", "x?y#z", "..", "a//b", "&=+;"])
def test_an_id_may_have_any_characters(tasks: Scheduler, api: Api, id: str) -> None:
    tasks.enqueue("add", id=id)
    encoded = "".join(f"%{ord(character):02X}" for character in id)
    status, task = api.ask("GET", f"/tasks/{encoded}")
    assert (status, task["id"]) == (200, id)


def test_an_id_that_several_queues_have_needs_the_queue(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", id="both", queue="one")
    tasks.enqueue("add", id="both", queue="two")
    status, code, sentence = api.problem("/tasks/both")
    assert (status, code) == (400, "several_queues")
    assert "one, two" in sentence
    assert api.get("/tasks/both", queue="two")["queue"] == "two"


def test_a_task_that_nobody_knows_is_not_found(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add")
    assert api.problem("/tasks/none") == (404, "unknown", "task 'none' is unknown: never enqueued, or forgotten")
    assert api.problem("/tasks/none", queue="default")[0] == 404
    assert api.problem("/tasks/none", queue="nowhere")[:2] == (404, "no_such_queue")


def test_pages_have_every_task_once_in_the_order_in_which_they_run(tasks: Scheduler, api: Api) -> None:
    wanted = []
    for number in range(25):
        queue = "even" if number % 2 == 0 else "odd"
        wanted.append(tasks.enqueue("add", number, queue=queue, priority=number // 5).id)
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = api.get("/tasks", limit=7, **after)
        assert len(page["tasks"]) <= 7
        seen += [task["id"] for task in page["tasks"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == wanted


def test_a_filter_says_which_tasks_are_listed(tasks: Scheduler, workshop: Workshop, api: Api) -> None:
    tasks.enqueue("add", id="dead")
    workshop.bury(workshop.claim())
    tasks.enqueue("add", id="ready", kwargs={"order": 42})
    tasks.enqueue("other", id="later", delay=60)
    tasks.enqueue("add", id="elsewhere", queue="mail")

    def ids(wanted: str) -> set[str]:
        return {task["id"] for task in api.get("/tasks", filter=wanted)["tasks"]}

    assert ids("") == {"ready", "later", "elsewhere"}
    assert ids("queue:default") == {"ready", "later"}
    assert ids("state:dead,scheduled") == {"dead", "later"}
    assert ids("name:add") == {"ready", "elsewhere"}
    assert ids("arg.order:42") == {"ready"}
    assert api.get("/tasks", filter="state:dead")["tasks"][0]["failure"]["reason"] == DeathReason.ATTEMPTS
    assert api.get("/tasks", filter="arg.order:7") == {"tasks": [], "next": None, "looked_at": 4, "of_about": None}


def test_however_few_tasks_match_a_request_looks_at_a_limited_number(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 600
    monkeypatch.setattr("redisched.web.reading.tasks.LOOKS", looks)
    monkeypatch.setattr("redisched.web.acting.on_tasks.LOOKS", looks)
    # As many in a second queue, so that both are looked at in turn.
    for queue in ("default", "mail"):
        tasks.enqueue_many([tasks.request("add", number, queue=queue) for number in range(looks)])
    page = api.get("/tasks", filter="arg.order:42", limit=1)
    assert page["tasks"] == []
    assert looks <= page["looked_at"] < looks + STEP
    assert page["of_about"] == 2 * looks
    looked_at = page["looked_at"]
    while page["next"]:
        page = api.get("/tasks", filter="arg.order:42", after=page["next"])
        looked_at += page["looked_at"]
    assert (looked_at, page["of_about"]) == (2 * looks, None)
    counted = api.post("/actions", {"action": "cancel", "filter": "name:add", "dry_run": True})
    assert (counted["count_is_exact"], looks <= counted["count"] < looks + STEP) == (False, True)


@pytest.mark.parametrize(
    "wanted", ["arg.password:s*", "-arg.password:x", "arg.card.api_key:1", "state:dead arg.TOKEN:x"]
)
def test_no_filter_finds_out_what_is_hidden(tasks: Scheduler, api: Api, wanted: str) -> None:
    tasks.enqueue("pay", kwargs={"password": "secret"})
    status, code, sentence = api.problem("/tasks", filter=wanted)
    assert (status, code) == (400, "hidden")
    assert "are hidden here" in sentence


def test_why_a_task_does_not_run_is_the_record_of_the_command_line(
    tasks: Scheduler, api: Api, command: CommandLine
) -> None:
    tasks.enqueue("add", id="a/b")
    tasks.queue("default").pause()
    status, told = api.ask("GET", "/tasks/a%2Fb/explain")
    assert (status, told["reason"]) == (200, "paused")
    assert told["sentence"]
    assert without_times(told) == without_times(command.record("explain", "a/b"))
    assert api.problem("/tasks/none/explain")[:2] == (404, "unknown")
