"""Schedules: the records of the command line, in pages."""

from collections.abc import Sequence

import pytest

from redisched.client.scheduler import Scheduler
from redisched.store.broker import Broker
from redisched.store.operation import Operation
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import StoredSchedule
from tests.cli.commands import CommandLine
from tests.web.api import Api
from tests.web.records import without_times


def test_a_schedule_is_the_record_of_the_command_line(tasks: Scheduler, api: Api, command: CommandLine) -> None:
    tasks.schedules.add("nightly", "add", cron="0 3 * * *", tz="Europe/Berlin", args=[1], kwargs={"b": 2})
    tasks.schedules.add("often", "add", every=60)
    tasks.schedules.run("often")
    listed = [without_times(one) for one in api.get("/schedules")["schedules"]]
    assert listed == [without_times(one) for one in command.record("schedule", "ls")]
    assert {one["name"] for one in listed} == {"nightly", "often"}


def test_schedules_come_in_pages_by_queue_and_name_without_secrets(tasks: Scheduler, api: Api) -> None:
    wanted = [(queue, f"every-{number}") for queue in ("a", "b") for number in range(5)]
    for queue, name in reversed(wanted):
        tasks.schedules.add(name, "add", queue=queue, every=3_600, kwargs={"token": "nobody may see"})
    seen: list[tuple[str, str]] = []
    after: dict[str, str] = {}
    while True:
        page = api.get("/schedules", limit=3, **after)
        seen += [(one["queue"], one["name"]) for one in page["schedules"]]
        assert "nobody may see" not in str(page)
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == wanted
    assert [one["name"] for one in api.get("/schedules", queue="b")["schedules"]] == [name for _, name in wanted[5:]]
    assert api.problem("/schedules", queue="none")[:2] == (404, "no_such_queue")


def test_a_schedule_that_cannot_be_read_does_not_hide_the_others(
    tasks: Scheduler, real_broker: Broker, api: Api
) -> None:
    tasks.schedules.add("broken", "add", every=3_600)
    tasks.schedules.add("whole", "add", every=3_600)
    real_broker.client().perform(("HSET", real_broker.script_runner.keys_of("default").schedules, "broken", b"\xff"))
    broken, whole = api.get("/schedules")["schedules"]
    assert broken.keys() == {"queue", "name", "undecodable"}
    assert whole["name"] == "whole"


def test_of_schedules_that_are_not_on_the_page_only_the_names_are_read(
    tasks: Scheduler, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        tasks.schedules.add(f"every-{number:02}", "add", every=3_600)
    read: list[str] = []
    usual = ScheduleStore.read

    def noted(store: ScheduleStore, names: Sequence[str]) -> Operation[tuple[int, list[StoredSchedule]]]:
        read.extend(names)
        return usual(store, names)

    monkeypatch.setattr(ScheduleStore, "read", noted)
    page = api.get("/schedules", limit=3, after="default/every-09")
    assert [one["name"] for one in page["schedules"]] == ["every-10", "every-11", "every-12"]
    assert read == ["every-10", "every-11", "every-12", "every-13"]
