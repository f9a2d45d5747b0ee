"""app.schedules: schedules are added, changed, paused, resumed, run, removed and listed while workers run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched import Scheduler, TaskState
from redisched.errors import DuplicateSchedule, InvalidArguments, InvalidOption, UnknownSchedule
from redisched.placement import schedule_of
from redisched.schedules.declaring import declare
from redisched.schedules.definition import Overlap
from redisched.store.operation import run
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import Declarer, ScheduleState
from tests.client.callers import Caller

QUEUE = "mail"
HOURLY = {"every": "1h", "queue": QUEUE}


def now() -> datetime:
    return datetime.now(UTC)


def soon() -> dict[str, Any]:
    """A schedule whose first slot comes in some seconds, so that its task is enqueued ahead."""
    return {"every": "1h", "anchor": now() + timedelta(seconds=8), "queue": QUEUE}


def waiting(app: Scheduler) -> list[str]:
    """The ids of the tasks that wait."""
    client, runner = app.broker.client(), app.broker.script_runner
    shards = range(4)
    keys = [runner.keys_of(queue, shard).waiting for queue in (QUEUE, "default") for shard in shards]
    return sorted(id.decode() for key in keys for id in client.perform(("ZRANGE", key, "0", "-1")))


def test_a_schedule_is_added_and_shown(app: Scheduler, call: Caller) -> None:
    handler = app.task(name="report", queue=QUEUE)(lambda day, region="eu": None)

    call(
        app.schedules.add, "hourly", handler, args=(3,), kwargs={"region": "us"}, every="1h", overlap="skip", priority=2
    )

    (view,) = call(app.schedules.ls)
    assert view == call(app.schedules.get, "hourly")
    assert (view.name, view.queue, view.state, view.words) == ("hourly", QUEUE, ScheduleState.ACTIVE, "every hour")
    assert (view.handler, view.args, view.kwargs, view.priority) == ("report", [3], {"region": "us"}, 2)
    assert (view.misfire, view.overlap, view.application, view.last_id) == ("latest", Overlap.SKIP, "", "")
    assert view.next_at is not None
    assert timedelta(0) < view.next_at - now() <= timedelta(hours=1)
    assert view.slots_after(view.next_at, 2) == [view.next_at + timedelta(hours=1), view.next_at + timedelta(hours=2)]
    assert view.slots_after(view.next_at.timestamp(), 1) == [view.next_at + timedelta(hours=1)]


def test_the_first_slots_are_fired_by_whoever_adds_it(app: Scheduler, call: Caller) -> None:
    call(app.schedules.add, "often", "report", every="1s", queue=QUEUE)

    ids = waiting(app)
    assert 14 <= len(ids) <= 16
    assert {schedule_of(id) for id in ids} == {"often"}
    assert call(app.schedules.get, "often").last_id == ids[-1]


def test_adding_the_same_again_changes_nothing_and_another_one_is_refused(app: Scheduler, call: Caller) -> None:
    call(app.schedules.add, "hourly", "report", **HOURLY)
    before = call(app.schedules.ls)

    call(app.schedules.add, "hourly", "report", **HOURLY)
    with pytest.raises(DuplicateSchedule, match="queue 'mail' has another schedule named 'hourly'"):
        call(app.schedules.add, "hourly", "report", every="2h", queue=QUEUE)

    assert call(app.schedules.ls) == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"args": [{"a": 1, "b": [2]}]}, {"args": [{"b": [2], "a": 1}]}),
        ({"kwargs": {"day": 3, "region": "eu"}}, {"kwargs": {"region": "eu", "day": 3}}),
        ({"args": [3]}, {"kwargs": {"day": 3}}),
    ],
)
def test_the_same_arguments_are_the_same_schedule_however_they_are_given(
    app: Scheduler, call: Caller, first: dict[str, Any], second: dict[str, Any]
) -> None:
    handler = app.task(name="report", queue=QUEUE)(lambda day, region="eu": None)
    call(app.schedules.add, "hourly", handler, every="1h", **first)
    before = call(app.schedules.ls)

    call(app.schedules.add, "hourly", handler, every="1h", **second)
    with pytest.raises(DuplicateSchedule):
        call(app.schedules.add, "hourly", handler, every="1h", args=[4])
    with pytest.raises(DuplicateSchedule):
        call(app.schedules.add, "hourly", handler, every="1h", keep="task", **second)

    assert call(app.schedules.ls) == before


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "cron=None: given, or every, or at"),
        ({"every": 60, "cron": "@daily"}, "cron='cron and every'"),
        ({"every": 60, "tz": "UTC"}, "tz='UTC': only with cron"),
        ({"cron": "@daily", "anchor": 5}, "anchor=5: only with every"),
        ({"every": 60, "run_at": 5}, "run_at=5: left out"),
    ],
)
def test_bad_input_writes_nothing(app: Scheduler, call: Caller, fields: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        call(app.schedules.add, "hourly", "report", **fields)
    with pytest.raises(InvalidOption, match="name='a b'"):
        call(app.schedules.add, "a b", "report", every=60)
    with pytest.raises(InvalidOption, match="handler="):
        call(app.schedules.add, "a", 7, every=60)
    assert call(app.schedules.ls) == []


@pytest.mark.parametrize(
    ("option", "moment", "count"),
    [
        ("moment", datetime(2030, 1, 1), 1),
        ("moment", "2030-01-01", 1),
        ("moment", None, 1),
        ("count", 0, 0),
        ("count", 0, -1),
        ("count", 0, 1_001),
        ("count", 0, None),
    ],
)
def test_slots_are_asked_for_after_a_moment_and_by_their_number(
    fake_app: Scheduler, option: str, moment: Any, count: Any
) -> None:
    fake_app.schedules.add("hourly", "report", every="1h", queue=QUEUE)
    with pytest.raises(InvalidOption, match=f"{option}="):
        fake_app.schedules.get("hourly").slots_after(moment, count)


def test_a_change_keeps_what_is_not_named_and_removes_tasks_enqueued_ahead(app: Scheduler, call: Caller) -> None:
    call(app.schedules.add, "often", "report", args=(1,), priority=2, timeout=9, **soon())
    assert waiting(app)

    call(app.schedules.change, "often", cron="0 3 * * *", tz="Europe/Berlin")
    changed = call(app.schedules.get, "often")
    assert waiting(app) == []
    assert (changed.args, changed.priority, changed.words) == ([1], 2, "at 03:00 every day, Berlin time")

    call(app.schedules.change, "often", priority=7, misfire="skip")
    call(app.schedules.change, "often", tz="UTC")
    changed = call(app.schedules.get, "often")
    assert (changed.args, changed.priority, changed.misfire) == ([1], 7, "skip")
    assert (changed.words, changed.definition.task.options) == (
        "at 03:00 every day, UTC",
        {"priority": 7, "timeout_ms": 9_000, "queue": QUEUE},
    )

    call(app.schedules.change, "often", args=(2,), jitter=5)
    changed = call(app.schedules.get, "often")
    assert (changed.args, changed.priority, changed.definition.timing.jitter_ms) == ([2], 7, 5_000)


def test_a_change_that_is_wrong_changes_nothing(app: Scheduler, call: Caller) -> None:
    handler = app.task(name="report", queue=QUEUE)(lambda day: None)
    call(app.schedules.add, "hourly", handler, args=(1,), every="1h")
    before = call(app.schedules.ls)

    for fields, said in ({}, "at least one thing"), ({"every": "x"}, "every="), ({"id": "x"}, "id="):
        with pytest.raises(InvalidOption, match=said):
            call(app.schedules.change, "hourly", **fields)
    with pytest.raises(InvalidArguments):
        call(app.schedules.change, "hourly", args=(1, 2))
    with pytest.raises(UnknownSchedule, match="no schedule named 'unknown'"):
        call(app.schedules.change, "unknown", every=60)

    assert call(app.schedules.ls) == before


def test_a_paused_schedule_has_no_task_ahead_and_goes_on_when_it_is_resumed(app: Scheduler, call: Caller) -> None:
    call(app.schedules.add, "soon", "report", **soon())

    call(app.schedules.pause, "soon")
    call(app.schedules.pause, "soon")
    paused = call(app.schedules.get, "soon")
    assert (paused.state, paused.next_at, waiting(app)) == (ScheduleState.PAUSED, None, [])

    call(app.schedules.resume, "soon")
    call(app.schedules.resume, "soon")
    assert call(app.schedules.get, "soon").state is ScheduleState.ACTIVE
    assert waiting(app)


def test_a_schedule_is_run_now(app: Scheduler, call: Caller) -> None:
    call(app.schedules.add, "hourly", "report", args=(1,), expires=60, **HOURLY)

    ref = call(app.schedules.run, "hourly")

    assert schedule_of(ref.id) == "hourly"
    assert call(ref.status) is TaskState.READY
    assert waiting(app) == [ref.id]


def test_what_is_removed_is_gone_with_its_tasks(app: Scheduler, call: Caller) -> None:
    call(app.schedules.add, "soon", "report", **soon())
    assert waiting(app)

    call(app.schedules.remove, "soon")

    assert (call(app.schedules.ls), waiting(app)) == ([], [])
    for verb in (app.schedules.remove, app.schedules.pause, app.schedules.resume, app.schedules.run, app.schedules.get):
        with pytest.raises(UnknownSchedule):
            call(verb, "soon")


def test_what_the_code_of_running_workers_declares_is_not_removed(app: Scheduler, call: Caller) -> None:
    app.every("1h", name="hourly", queue=QUEUE)(lambda_handler)
    run_declared(app)

    with pytest.raises(InvalidOption, match=f"workers of {app.name} do, so pause it"):
        call(app.schedules.remove, "hourly")
    app.broker.client().perform(("DEL", app.broker.script_runner.keys_of(QUEUE).declared))
    call(app.schedules.remove, "hourly")
    assert call(app.schedules.ls) == []


def test_a_queue_is_named_where_several_have_a_schedule_of_the_same_name(app: Scheduler, call: Caller) -> None:
    for queue in (QUEUE, "other"):
        call(app.schedules.add, "hourly", "report", every="1h", queue=queue)

    with pytest.raises(InvalidOption, match="one of mail, other"):
        call(app.schedules.get, "hourly")
    call(app.schedules.remove, "hourly", queue="other")
    assert call(app.schedules.get, "hourly").queue == QUEUE


def test_a_schedule_stays_in_its_shard_when_its_queue_grows(app: Scheduler, call: Caller) -> None:
    names = [f"s{number}" for number in range(8)]
    for name in names[:4]:
        call(app.schedules.add, name, "report", **HOURLY)
    call(app.grow, QUEUE, 4)
    for name in names:
        call(app.schedules.add, name, "report", **HOURLY)

    assert [view.name for view in call(app.schedules.ls)] == names
    for name in names:
        call(app.schedules.change, name, **soon())
        ref = call(app.schedules.run, name)
        assert call(app.ref(ref.id, QUEUE).status) is TaskState.READY
        call(app.schedules.remove, name)
    assert len(waiting(app)) == len(names)


def lambda_handler() -> None: ...


def run_declared(app: Scheduler) -> None:
    """Declare the schedules of an application, as its workers do."""
    client, runner = app.broker.client(), app.broker.script_runner
    announcement = run(ScheduleStore(runner, QUEUE).announce(app.name, "digest", 1_000), client)
    client.perform(("SADD", runner.queues_key, QUEUE))
    run(declare(runner, QUEUE, app.registry.schedules.of_queue(QUEUE), Declarer(app.name, announcement.epoch)), client)
