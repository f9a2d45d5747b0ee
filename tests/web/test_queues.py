"""Queues, the overview of all of them, the workers, and how many of these a queue suggests."""

from typing import Any

from redisched.client.scheduler import Scheduler
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop
from tests.web.api import Api
from tests.web.fleet import introduce
from tests.web.records import without_times


def test_a_queue_is_the_record_of_the_command_line(tasks: Scheduler, api: Api, command: CommandLine) -> None:
    tasks.enqueue("add", priority=2)
    tasks.enqueue("add", delay=60)
    tasks.queue("default").pause()
    assert without_times(api.get("/queues/default")) == without_times(command.record("queue", "show", "default"))
    listed = [without_times(queue) for queue in api.get("/queues")["queues"]]
    assert listed == [without_times(queue) for queue in command.record("queue", "ls")]


def test_queues_come_in_pages_by_name(tasks: Scheduler, api: Api) -> None:
    names = sorted(f"queue-{number}" for number in range(12))
    for name in names:
        tasks.enqueue("add", queue=name)
    first = api.get("/queues", limit=10)
    second = api.get("/queues", limit=10, after=first["next"])
    assert [queue["queue"] for queue in (*first["queues"], *second["queues"])] == names
    assert second["next"] is None
    assert api.get("/queues", after="zzz") == {"queues": [], "next": None}


def test_the_overview_sums_all_queues(tasks: Scheduler, workshop: Workshop, api: Api) -> None:
    empty = api.get("/overview")
    assert (empty["queues"], empty["ready"], empty["workers"], empty["oldest_ready_ms"]) == (0, 0, 0, None)
    assert empty["now_ms"] > 1_000_000_000_000
    tasks.enqueue("add", id="dead")
    workshop.bury(workshop.claim())
    tasks.enqueue("add", priority=1)
    tasks.enqueue("add", priority=1, queue="mail")
    tasks.enqueue("add", delay=60, queue="mail")
    tasks.queue("mail").pause()
    introduce(tasks, "w1", ("mail",), slots=4)
    introduce(tasks, "w2", ("default",), slots=3)
    tasks.enqueue("add", id="running", priority=0)
    workshop.start(workshop.claim())
    tasks.enqueue("add", id="retrying", priority=0)
    workshop.fail(workshop.claim(), "ValueError: no")
    seen = api.get("/overview")
    assert [seen[name] for name in ("leased", "running", "retrying")] == [1, 1, 1]
    assert seen["running_is_exact"] is seen["retrying_is_exact"] is True
    counted = {name: seen[name] for name in ("queues", "queues_counted", "paused", "ready", "scheduled", "dead")}
    assert counted == {
        "queues": 2,
        "queues_counted": 2,
        "paused": ["mail"],
        "ready": 2,
        "scheduled": 2,
        "dead": 1,
    }
    assert seen["priorities"] == [
        {"priority": 0, "ready": 0, "scheduled": 1},
        {"priority": 1, "ready": 2, "scheduled": 0},
        {"priority": 5, "ready": 0, "scheduled": 1},
    ]
    assert (seen["workers"], seen["slots"]) == (2, 7)
    assert seen["oldest_ready_ms"] >= 0


def test_workers_tell_who_they_are_and_what_they_serve(tasks: Scheduler, api: Api) -> None:
    introduce(tasks, "w1", ("default", "mail"), slots=4)
    (worker,) = api.get("/workers")["workers"]
    assert (worker["name"], worker["host"], worker["pid"], worker["slots"]) == ("w1", "desk", 7, 4)
    assert (worker["version"], worker["queues"], worker["handlers"]) == ("1", ["default", "mail"], ["add"])


def test_pages_have_every_worker(tasks: Scheduler, api: Api) -> None:
    # So many that their hash is read in parts.
    names = {f"worker-{number}" for number in range(600)}
    for name in names:
        introduce(tasks, name, ("default",), slots=1)
    seen: set[str] = set()
    after: dict[str, str] = {}
    pages = 0
    while True:
        page = api.get("/workers", limit=100, **after)
        seen |= {worker["name"] for worker in page["workers"]}
        pages += 1
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == names
    assert pages > 1
    assert api.get("/overview")["workers"] == 600


def scale(api: Api, **given: Any) -> dict[str, Any]:
    told: dict[str, Any] = api.get("/scale/default", **given)
    return told


def test_a_queue_without_work_needs_no_worker(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", delay=60)
    told = scale(api)
    assert (told["backlog"], told["scheduled"], told["suggested_workers"], told["slots_per_worker"]) == (0, 1, 0, 16)
    assert scale(api, least=2)["suggested_workers"] == 2


def test_workers_are_suggested_by_the_backlog_and_their_slots(tasks: Scheduler, workshop: Workshop, api: Api) -> None:
    for _ in range(21):
        tasks.enqueue("add")
    workshop.claim()
    introduce(tasks, "w1", ("default",), slots=2)
    introduce(tasks, "w2", ("mail",), slots=50)
    told = scale(api)
    assert (told["backlog"], told["leased"], told["workers"], told["slots"]) == (20, 1, 1, 2)
    assert told["suggested_workers"] == 2
    assert scale(api, tasks_per_slot=1)["suggested_workers"] == 11
    assert scale(api, tasks_per_slot=1, most=4)["suggested_workers"] == 4
    assert scale(api, tasks_per_slot=1, slots=7)["suggested_workers"] == 3


def test_what_is_due_in_a_paused_queue_needs_no_worker(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add")
    tasks.queue("default").pause()
    told = scale(api)
    assert (told["backlog"], told["is_paused"], told["suggested_workers"]) == (1, True, 0)


def test_of_bounds_that_contradict_each_other_the_upper_one_holds(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add")
    assert scale(api, least=3, most=2)["suggested_workers"] == 2


def test_a_queue_that_does_not_exist_is_not_scaled(api: Api) -> None:
    assert api.problem("/scale/none")[:2] == (404, "no_such_queue")
