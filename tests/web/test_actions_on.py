"""What actions do to tasks, to queues and to schedules."""

from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.model import TaskState
from redisched.orders import WorkerOrder
from redisched.store.broker import Broker
from tests.cli.workshop import Workshop
from tests.waiting import wait_until
from tests.web.api import Api
from tests.web.fleet import introduce


def states(tasks: Scheduler, *ids: str) -> list[str]:
    return [tasks.ref(id, "default").status() for id in ids]


# ---- actions on tasks


@pytest.fixture
def every_state(tasks: Scheduler, workshop: Workshop) -> dict[str, str]:
    """Tasks by their ids, which are their states."""
    for priority, id in enumerate(("dead", "succeeded", "running")):
        tasks.enqueue("add", id=id, priority=priority)
    workshop.bury(workshop.claim())
    workshop.succeed(workshop.claim(), 1)
    workshop.start(workshop.claim())
    tasks.enqueue("add", id="ready")
    tasks.enqueue("add", id="scheduled", delay=60)
    return {id: id for id in ("dead", "succeeded", "running", "ready", "scheduled")}


@pytest.mark.usefixtures("at_once", "every_state")
@pytest.mark.parametrize(
    ("action", "arguments", "outcomes", "changed"),
    [
        ("cancel", {}, {"cancelled": 2, "cancelling": 1}, {"ready": "cancelled", "scheduled": "cancelled"}),
        ("retry", {}, {"replayed": 1}, {"dead": "ready"}),
        ("discard", {}, {"discarded": 1}, {"dead": "cancelled"}),
        ("run_now", {}, {"changed": 2}, {"scheduled": "ready"}),
        ("reprioritize", {"priority": 1}, {"changed": 2}, {}),
        ("reschedule", {"delay_s": 60}, {"changed": 2}, {"ready": "scheduled"}),
        ("reschedule", {"run_at_ms": 1_000}, {"changed": 2}, {"scheduled": "ready"}),
        ("delete", {}, {"deleted": 4}, dict.fromkeys(("dead", "ready", "scheduled"), "cancelled")),
    ],
)
@pytest.mark.parametrize("by", ["filter", "ids"])
def test_an_action_does_to_tasks_what_the_command_line_does(
    tasks: Scheduler, api: Api, action: str, arguments: Any, outcomes: Any, changed: Any, by: str
) -> None:
    everything = ["dead", "succeeded", "running", "ready", "scheduled"]
    if by == "filter":
        done = api.do(action, filter="queue:default", arguments=arguments)
        assert done["outcomes"] == outcomes
    else:
        done = api.do(action, ids=everything, queue="default", arguments=arguments)
        assert {name: done["outcomes"][name] for name in outcomes} == outcomes
    assert (done["stage"], done["count"]) == ("done", sum(outcomes.values()))
    seen = dict(zip(everything, states(tasks, *everything), strict=True))
    assert seen == {id: changed.get(id, id) for id in everything}
    if action == "reprioritize":
        assert [api.get(f"/tasks/{id}")["priority"] for id in ("ready", "scheduled")] == [1, 1]


@pytest.mark.usefixtures("at_once")
def test_tasks_that_match_when_it_begins_are_those_that_are_meant(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add", id="a")
    asked = api.post("/actions", {"action": "cancel", "filter": "name:add"})
    tasks.enqueue("add", id="b")
    api.post(f"/actions/{asked['token']}/commit")
    assert (asked["count"], api.ended(asked["token"])["done"]) == (1, 2)


@pytest.mark.usefixtures("at_once")
def test_an_action_that_fails_says_why(tasks: Scheduler, workshop: Workshop, api: Api) -> None:
    tasks.enqueue("add", id="a")
    asked = api.post("/actions", {"action": "cancel", "ids": ["a"]})
    workshop.perform("SET", "redisched:{default}:cancelling", "x")
    api.post(f"/actions/{asked['token']}/commit")
    failed = api.ended(asked["token"])
    assert failed["stage"] == "failed"
    assert "redisched:{default}:cancelling is a string" in failed["error"]


# ---- actions on queues


@pytest.mark.usefixtures("at_once")
def test_a_queue_is_paused_by_whom_and_resumed(tasks: Scheduler, api: Api) -> None:
    tasks.enqueue("add")
    tasks.enqueue("add", delay=60)
    paused = api.do("queue_pause", queue="default", arguments={"duration_s": 60})
    assert (paused["count"], paused["outcomes"]) == (2, {"paused": 1})
    pause = tasks.queue("default").paused()
    assert pause is not None
    assert (pause.by, (pause.until_ms or 0) - pause.since_ms) == ("local", 60_000)
    assert api.do("queue_resume", queue="default")["outcomes"] == {"resumed": 1}
    assert tasks.queue("default").paused() is None


@pytest.mark.usefixtures("at_once")
def test_a_queue_is_purged_of_what_no_worker_has(tasks: Scheduler, every_state: Any, api: Api) -> None:
    tasks.enqueue("add", id="elsewhere", queue="mail")
    assert api.do("queue_purge", queue="default", arguments={"states": ["dead"]})["outcomes"] == {"deleted": 1}
    purged = api.do("queue_purge", queue="default")
    assert (purged["count"], purged["outcomes"]) == (2, {"deleted": 2})
    assert states(tasks, "running", "succeeded") == ["running", "succeeded"]
    assert tasks.ref("elsewhere", "mail").status() == TaskState.READY


@pytest.mark.usefixtures("at_once")
def test_a_queue_is_drained_once_workers_have_worked_it_off(tasks: Scheduler, workshop: Workshop, api: Api) -> None:
    tasks.enqueue("add")
    asked = api.post("/actions", {"action": "queue_drain", "queue": "default"})
    assert asked["count"] == 1
    api.post(f"/actions/{asked['token']}/commit")
    wait_until(lambda: api.get(f"/actions/{asked['token']}")["stage"] == "running", "it waits for workers")
    workshop.succeed(workshop.claim(), 1)
    assert api.ended(asked["token"])["outcomes"] == {"drained": 1}
    tasks.enqueue("add")
    late = api.do("queue_drain", queue="default", arguments={"timeout_s": 0.001})
    assert (late["stage"], "is not drained" in late["error"]) == ("failed", True)


# ---- actions on workers


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("order", list(WorkerOrder))
def test_workers_are_told_what_to_do(tasks: Scheduler, real_broker: Broker, api: Api, order: WorkerOrder) -> None:
    introduce(tasks, "w1", ("default",), slots=1)
    done = api.do(f"worker_{order}", ids=["w1", "gone"])
    assert (done["count"], done["unknown"], done["outcomes"]) == (1, ["gone"], {"told": 1, "unknown": 1})
    told = real_broker.client().perform(("HGET", real_broker.script_runner.fleet_keys.orders, "w1"))
    assert told.split()[-1] == order.value.encode()


# ---- actions on schedules


@pytest.mark.usefixtures("at_once")
def test_schedules_are_paused_resumed_run_and_removed(tasks: Scheduler, api: Api) -> None:
    tasks.schedules.add("nightly", "add", cron="0 3 * * *")
    paused = api.do("schedule_pause", ids=["nightly", "none"])
    assert (paused["count"], paused["unknown"], paused["outcomes"]) == (1, ["none"], {"paused": 1, "unknown": 1})
    assert tasks.schedules.get("nightly").state == "paused"
    assert api.do("schedule_resume", ids=["nightly"])["outcomes"] == {"resumed": 1}
    assert tasks.schedules.get("nightly").state == "active"
    assert api.do("schedule_run", ids=["nightly"], queue="default")["outcomes"] == {"enqueued": 1}
    assert api.get("/overview")["ready"] == 1
    assert api.do("schedule_remove", ids=["nightly"])["outcomes"] == {"removed": 1}
    assert api.get("/schedules")["schedules"] == []
