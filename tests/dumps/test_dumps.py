"""A new version continues with the tasks that an earlier version left in Redis, and loses none of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.errors import Conflict
from redisched.model import ENDED, TaskState
from redisched.store.adding_shards import stores_of
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from tests.brokers import SINGLE, BrokerKind
from tests.chaos.invariants import check_places, places_in
from tests.dumps.audit import losses
from tests.dumps.dump import Dump, DumpTime, kept_dumps
from tests.dumps.filling import NAMES
from tests.dumps.seen import views_of
from tests.dumps.special import SAVED
from tests.dumps.stages import FAR_AWAY_MS, LATEST_MS, PLAIN, SHARDED
from tests.dumps.working_off import Fleet, end_of, is_over, tasks_of

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

ALL_IS_DUE_MS = LATEST_MS + 60_000
"""After this time all tasks are due, except those due at `FAR_AWAY_MS`, and all leases have expired."""
DUMPS = {path.name.partition(".")[0]: Dump.read(path) for path in kept_dumps()}
of_each_dump = pytest.mark.parametrize("dump", DUMPS.values(), ids=DUMPS.keys())
on_one_server = pytest.mark.parametrize("broker", SINGLE, indirect=True)
on_valkey = pytest.mark.parametrize("broker", [BrokerKind.VALKEY], indirect=True)


@of_each_dump
@pytest.mark.parametrize("broker", [BrokerKind.FAKE, *SINGLE], indirect=True)
def test_every_task_of_a_dump_is_seen_as_it_was_when_the_dump_was_taken(
    dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())

    assert list(losses(dump, broker)) == []


@of_each_dump
@on_valkey
def test_every_task_of_a_dump_is_found_by_its_id(dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())
    client = broker.client()

    for queue, seen in dump.seen.items():
        inspector = Inspector(broker.script_runner, queue)
        found = {task_id: run(inspector.state(task_id), client).state.value for task_id in seen}
        assert found == {task_id: facts["state"] for task_id, facts in seen.items()}


@of_each_dump
@on_one_server
def test_every_due_task_of_a_dump_runs_once_and_no_ended_task_runs(
    dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    time = DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())
    time.advance(ALL_IS_DUE_MS)
    was = {task: facts for task, facts in tasks_of(dump.seen).items() if not is_over(facts, time.now_ms())}
    fleet = Fleet(dump, broker, tmp_path, time)

    assert fleet.reap().keys() == {task for task, facts in was.items() if "lease_until_ms" in facts}
    fleet.work()
    now = fleet.look()
    ends = {task: end_of(task[1], facts, time.now_ms()) for task, facts in was.items()}
    assert {task: facts["state"] for task, facts in now.items()} == ends
    assert {task: facts for task, facts in was.items() if facts["state"] in ENDED and now[task] != facts} == {}
    ended_now = {task for task, facts in was.items() if ends[task] == "succeeded" != facts["state"]}
    assert fleet.called == {task: was[task]["arguments"] for task in ended_now}
    assert {task: now[task]["attempts"] for task in ended_now} == {
        task: was[task].get("attempts", 0) + 1 for task in ended_now
    }

    assert fleet.resumed == {task: SAVED for task, facts in was.items() if "checkpoint_bytes" in facts}

    died = {task for task, facts in now.items() if facts["state"] == TaskState.DEAD}
    fleet.called.clear()
    fleet.revive()
    fleet.work()
    assert fleet.called == {task: was[task]["arguments"] for task in died if is_runnable(was[task])}
    assert {task for task, facts in fleet.look().items() if facts["state"] == TaskState.DEAD} == {
        task for task in died if not is_runnable(was[task])
    }
    for queue, task_id in (task for task, facts in was.items() if facts.get("run_at_ms") == FAR_AWAY_MS):
        assert fleet.app.ref(task_id, queue).cancel()
    assert fleet.violations() == []
    assert set(fleet.ran.values()) == {1}
    for queue in (PLAIN, SHARDED):
        for store in run(stores_of(broker.script_runner, queue), broker.client()):
            check_places(places_in(broker, store.shard, queue))


@of_each_dump
@on_valkey
def test_repeating_an_enqueue_of_the_earlier_version_adds_no_task(
    dump: Dump, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())
    app = Scheduler(broker=broker)
    repeated = [
        app.request(
            view.name, *view.body.args, kwargs=view.body.kwargs, queue=queue, id=view.id, priority=view.priority
        )
        for queue in (PLAIN, SHARDED)
        for view in views_of(broker, queue)
        if view.id.startswith("ready:") and view.body is not None and view.priority is not None
    ]

    assert len(repeated) == 1_200
    app.enqueue_many(repeated)
    assert list(losses(dump, broker)) == []
    with pytest.raises(Conflict):
        app.enqueue(NAMES[0], "something else", queue=PLAIN, id=repeated[0].id)


def is_runnable(facts: Mapping[str, Any]) -> bool:
    """Whether the record of a task can be decoded. If not, the task is dead again after each revival."""
    return "arguments" in facts
