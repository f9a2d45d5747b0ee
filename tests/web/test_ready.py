"""Why ready tasks do not run: how many each reason holds back, and what is to be done."""

from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.explain import ready as ready_module
from redisched.orders import WorkerState
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.roster import Roster
from redisched.store.values import Release
from tests.cli.workshop import Workshop
from tests.web.api import Api

COUNTED = ("queue", "reason", "what", "count", "is_exact")


def introduce(tasks: Scheduler, name: str, *queues: str, codec: str = "", **said: Any) -> None:
    """Let a worker say that it lives; it knows the handler `add`."""
    serves = Deployment(version="1", queues=queues, handlers=("add",), codec=codec).encode()
    given = {"slots": 4} | said
    presence = Presence(deployment=digest_of(serves), live_ms=600_000, **given).encode()
    roster = Roster(tasks.broker.script_runner)
    run(roster.introduce(name, presence, digest_of(serves), serves, 600_000), tasks.broker.client())


def enqueue(tasks: Scheduler, queue: str, count: int, name: str = "add", **options: Any) -> None:
    tasks.enqueue_many([tasks.request(name, number, queue=queue, **options) for number in range(count)])


def reasons(api: Api, **parameters: Any) -> list[tuple[Any, ...]]:
    told = api.get("/ready/reasons", **parameters)
    return [tuple(one[name] for name in COUNTED) for one in told["reasons"]]


def only(api: Api, queue: str = "mail") -> dict[str, Any]:
    (reason,) = api.get("/ready/reasons", queue=queue)["reasons"]
    found: dict[str, Any] = reason
    return found


def test_without_a_ready_task_there_is_no_reason(tasks: Scheduler, api: Api) -> None:
    assert api.get("/ready/reasons")["reasons"] == []
    tasks.enqueue("add", delay=60)
    told = api.get("/ready/reasons")
    assert (told["reasons"], told["ready"], told["looked_at"], told["queues"]) == ([], 0, 0, 1)


def test_what_lies_in_a_queue_holds_all_of_its_tasks_back_and_is_counted_exactly(tasks: Scheduler, api: Api) -> None:
    tasks.grow("mail", 3)
    enqueue(tasks, "mail", 300)
    enqueue(tasks, "reports", 70)
    enqueue(tasks, "exports", 7)
    enqueue(tasks, "parcels", 5)
    tasks.queue("exports").pause()
    introduce(tasks, "w1", "exports", "parcels")
    introduce(tasks, "w2", "reports", state=WorkerState.QUIET.value)

    told = api.get("/ready/reasons")

    assert reasons(api) == [
        ("mail", "no worker", "", 300, True),
        ("reports", "quiet", "", 70, True),
        ("exports", "paused", "", 7, True),
        ("parcels", "behind", "", 5, True),
    ]
    assert (told["ready"], told["queues_counted"]) == (382, 4)
    assert told["looked_at"] <= 3 + 1 + 1 + 5
    assert [one["sentence"] for one in told["reasons"]][:2] == [
        "No live worker serves queue mail.",
        "All live workers of queue reports are quiet or stopping: they take nothing more.",
    ]
    assert told["reasons"][0]["advice"] == "start one: redisched worker MODULE:APP --queues mail"
    assert told["reasons"][3]["sentence"] == (
        "Workers of queue parcels take them, the better ones first: 4 of 4 slots are free."
    )
    assert told["reasons"][3]["advice"] == ""


def test_tasks_wait_because_all_slots_are_busy(tasks: Scheduler, api: Api) -> None:
    enqueue(tasks, "mail", 9)
    introduce(tasks, "w1", "mail", "sms", busy=4)
    introduce(tasks, "w2", "mail", busy=4)
    reason = only(api)
    assert (reason["reason"], reason["count"], reason["is_exact"]) == ("busy", 9, True)
    assert reason["sentence"] == "All 8 slots of the 2 live workers of queue mail are busy."
    assert reason["advice"] == "start another worker: redisched worker MODULE:APP --queues mail"


def test_tasks_that_nobody_understands_are_told_from_those_in_line(tasks: Scheduler, api: Api) -> None:
    enqueue(tasks, "mail", 4)
    enqueue(tasks, "mail", 3, name="track")
    introduce(tasks, "w1", "mail")
    assert reasons(api) == [("mail", "no handler", "track", 3, True), ("mail", "behind", "", 4, True)]
    assert api.get("/ready/reasons")["reasons"][0]["sentence"] == (
        "No live worker of queue mail knows the handler track."
    )


def test_tasks_that_were_given_back_are_counted_with_their_reason(
    tasks: Scheduler, workshop: Workshop, api: Api
) -> None:
    tasks.enqueue("track", id="track")
    lease = workshop.claim()
    workshop.do(workshop.store.release([Release(lease.id, lease.token, 60_000)]))
    introduce(tasks, "w1", "default")
    told = api.get("/ready/reasons")
    assert told["ready"] == 0
    assert reasons(api) == [("default", "no handler", "track", 1, True)]


def test_the_only_ready_task_is_next(tasks: Scheduler, api: Api) -> None:
    enqueue(tasks, "mail", 1)
    introduce(tasks, "w1", "mail", slots=1)
    assert (only(api)["reason"], only(api)["count"]) == ("next", 1)


def test_of_many_tasks_the_first_are_looked_at_and_the_counts_say_so(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready_module, "LOOKS", 10)
    enqueue(tasks, "mail", 6, name="track", priority=0)
    enqueue(tasks, "mail", 100)
    introduce(tasks, "w1", "mail")
    assert reasons(api) == [("mail", "no handler", "track", 6, False), ("mail", "behind", "", 100, False)]
    assert api.get("/ready/reasons")["looked_at"] == 10


def test_however_many_queues_there_are_so_many_tasks_are_looked_at(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready_module, "MOST_LOOKS", 20)
    monkeypatch.setattr(ready_module, "LOOKS", 15)
    for queue in ("a", "b", "c"):
        enqueue(tasks, queue, 30)
    introduce(tasks, "w1", "a", "b", "c")
    told = api.get("/ready/reasons")
    assert told["looked_at"] == 15 + 5 + 1
    assert sum(one["count"] for one in told["reasons"]) == told["ready"] == 90


def test_tasks_that_expire_are_about_to_end(tasks: Scheduler, workshop: Workshop, api: Api) -> None:
    tasks.enqueue("add", id="late", expires=3_600)
    introduce(tasks, "w1", "default")
    assert only(api, "default")["reason"] == "next"
    workshop.perform("HSET", workshop.store.keys.traits, "late", "expires=5 ")
    reason = only(api, "default")
    assert (reason["reason"], reason["count"]) == ("expiring", 1)
    assert reason["sentence"].startswith("No worker started them before they expired")


def test_a_queue_that_does_not_exist_has_no_reasons(api: Api) -> None:
    assert api.problem("/ready/reasons", queue="none")[:2] == (404, "no_such_queue")
