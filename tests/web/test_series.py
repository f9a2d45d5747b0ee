"""What workers did, and what tasks died of: the records of the command line."""

import time

import pytest

from redisched.activity import Activity
from redisched.client.scheduler import Scheduler
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.tallies import ActivityKey, Batch, Tallies
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop
from tests.web.api import Api
from tests.web.records import without_times


def did(broker: Broker, ago_ms: int, key: ActivityKey, numbers: bytes) -> None:
    """Count something that was done some time ago."""
    batch = Batch(1, round(time.time() * 1e3) - ago_ms, {key: Activity.decode(numbers)})
    adding = Tallies(broker.script_runner).add(f"w{ago_ms}", batch)
    run(adding, broker.client())


def test_what_workers_did_is_the_record_of_the_command_line(
    real_broker: Broker, api: Api, command: CommandLine
) -> None:
    assert api.get("/series")["rows"] == []
    did(real_broker, 600_000, ActivityKey("mail", "send"), b"0=90 1=10 2=5 16=100 40=5 78=5")
    did(real_broker, 60_000, ActivityKey("shop", "charge"), b"0=1")
    told = api.get("/series")
    assert (told["total"]["ended"], told["step_ms"], len(told["series"])) == (96, 60_000, 2)
    did(real_broker, 90_000, ActivityKey("shop", "refund"), b"0=2")
    assert [(row["queue"], row["ended"]) for row in api.get("/series")["queues"]] == [("mail", 95), ("shop", 3)]
    told, printed = api.get("/series"), command.record("stats")
    assert [told[name] for name in ("rows", "series", "total")] == [
        printed[name] for name in ("rows", "series", "total")
    ]
    assert [row["handler"] for row in api.get("/series", queue="shop")["rows"]] == ["charge", "refund"]
    assert api.get("/series", since_s=300)["total"]["ended"] == 3
    assert api.get("/series", since_s=30 * 86_400)["step_ms"] == 3_600_000
    assert api.problem("/series", since_s=30 * 86_400 + 1)[:2] == (400, "invalid")


def test_the_time_before_can_be_compared_with_the_last(real_broker: Broker, api: Api) -> None:
    did(real_broker, 1_000_000, ActivityKey("mail", "send"), b"0=90")
    did(real_broker, 5_000, ActivityKey("mail", "send"), b"0=7")
    assert api.get("/series")["total"]["ended"] == 97
    assert api.get("/series", before_s=600)["total"]["ended"] == 90
    assert api.get("/series", since_s=600, before_s=599)["total"]["ended"] == 0
    nothing = api.get("/series", since_s=600, before_s=30 * 86_400 - 1)
    assert (nothing["total"]["ended"], nothing["rows"], nothing["series"]) == (0, [], [])


def test_dead_groups_are_the_record_of_the_command_line(
    tasks: Scheduler, workshop: Workshop, api: Api, command: CommandLine
) -> None:
    for number in range(3):
        tasks.enqueue("add", number)
        workshop.bury(workshop.claim(), error=f"ValueError: order {number} is gone")
    tasks.enqueue("add", id="other")
    workshop.bury(workshop.claim(), error="KeyError: x")
    told = api.get("/dead/groups")
    assert [group["count"] for group in told["groups"]] == [3, 1]
    assert without_times(told) == without_times(command.record("dead", "groups"))
    group = told["groups"][1]["group"]
    assert [task["id"] for task in api.get("/tasks", filter=f"group:{group}")["tasks"]] == ["other"]
    assert len(api.get("/dead/groups", filter="error:KeyError")["groups"]) == 1
    assert api.problem("/dead/groups", filter="arg.token:x")[:2] == (400, "hidden")


def test_groups_of_many_dead_tasks_are_asked_for_in_parts(
    tasks: Scheduler, workshop: Workshop, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redisched.web.reading.dead.LOOKS", 100)
    for _ in range(250):
        tasks.enqueue("add")
        workshop.bury(workshop.claim())
    parts = [api.get("/dead/groups")]
    while parts[-1]["next"]:
        parts.append(api.get("/dead/groups", after=parts[-1]["next"]))
    assert [part["groups"][0]["count"] for part in parts] == [100, 100, 50]
    assert [(part["looked_at"], part["is_complete"]) for part in parts] == [(100, False), (100, False), (50, True)]
    assert [part["of_about"] for part in parts] == [250, 250, None]
    assert len({part["groups"][0]["group"] for part in parts}) == 1
