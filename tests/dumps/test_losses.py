"""The tests of dumps notice missing data: each of them can fail."""

from collections import Counter
from pathlib import Path

import pytest

from redisched.client.scheduler import Scheduler
from redisched.keys import keys_of, queues_key
from redisched.model import DeathReason, TaskState
from redisched.store.broker import Broker
from tests.brokers import BrokerKind
from tests.dumps.audit import losses
from tests.dumps.dump import SUFFIX, Dump, DumpTime, kept_dumps
from tests.dumps.seen import text_of
from tests.dumps.stages import LATEST_MS, MENDED, PLAIN, QUEUES, SHARDED, SHARDS
from tests.dumps.values import value
from tests.dumps.working_off import Fleet, tasks_of
from tests.dumps.write import take, write

pytestmark = pytest.mark.fault

LARGEST_FILE = 400_000
FEWEST_TASKS = 10_000
DUMP = Dump.read(kept_dumps()[0])
ASIDE = "aside"
LATEST = Dump.read(kept_dumps()[-1])
_LATER_REASONS = {DeathReason.NOT_RETRIED, DeathReason.REJECTED, DeathReason.DEADLINE}
_BY_ANNOTATION = {DeathReason.ARGUMENTS}
_LATER: dict[str, set[str]] = {
    "format_1.msgpack.xz": {"expired", "lost", *_LATER_REASONS, *_BY_ANNOTATION},
    "format_2.msgpack.xz": {"lost", *_LATER_REASONS, *_BY_ANNOTATION},
    "format_3.msgpack.xz": {*_BY_ANNOTATION},
}
"""For each dump, the states and the reasons of death that were added after it was taken."""
OF_TASKS = ("cancelling", "dead", "failures", "finished", "held", "leases", "outcomes", "tasks", "tries", "waiting")
on_valkey = pytest.mark.parametrize("broker", [BrokerKind.VALKEY], indirect=True)


@pytest.mark.parametrize("path", kept_dumps(), ids=lambda path: path.name)
def test_a_kept_dump_is_small_and_holds_tasks_in_every_state(path: Path) -> None:
    dump = Dump.read(path)
    facts = tasks_of(dump.seen).values()

    assert path.stat().st_size < LARGEST_FILE
    assert len(facts) >= FEWEST_TASKS
    for queue in (PLAIN, SHARDED):
        assert states_in(dump, queue).keys() == {state.value for state in TaskState} - {"unknown", *_LATER[path.name]}
    assert {of_one["failure"][-1] for of_one in facts if of_one["state"] == "dead"} == set(DeathReason) - _LATER[
        path.name
    ]
    assert {of_one.get("shard", 0) for of_one in dump.seen[SHARDED].values()} == set(range(SHARDS[-1]))
    for said in ("attempts", "crashes", "bounces", "cancel_requested", "limits", "result"):
        assert any(said in of_one for of_one in facts), said


def test_the_first_dump_holds_arguments_and_results_of_every_type() -> None:
    said = [text for facts in tasks_of(DUMP.seen).values() for text in (facts.get("arguments"), facts.get("result"))]
    together = "\n".join(text for text in said if text)

    for number in range(18):
        assert text_of(value(number)).split("(")[0] in together


@on_valkey
def test_a_dump_taken_now_has_the_same_numbers_of_tasks_as_the_latest(broker: Broker) -> None:
    dump = take(Scheduler(broker=broker))

    assert states_in(dump, PLAIN) == states_in(LATEST, PLAIN)
    assert {queue: len(seen) for queue, seen in dump.seen.items()} == {
        queue: len(seen) for queue, seen in LATEST.seen.items()
    }


def test_the_latest_dump_holds_tasks_that_expire_and_ended_tasks_kept_whole_or_bare() -> None:
    facts = LATEST.seen[SHARDED].values()

    assert {of_one["state"] for of_one in facts if "expires_ms" in of_one} >= {"scheduled", "leased"}
    whole = [of_one for of_one in facts if of_one["state"] in {"succeeded", "expired"} and "arguments" in of_one]
    assert {of_one["state"] for of_one in whole} == {"succeeded", "expired"}
    assert any("failure" in of_one for of_one in whole)
    assert any(of_one["state"] == "succeeded" and "name" not in of_one for of_one in facts)


def test_the_latest_dump_holds_what_came_with_its_format() -> None:
    facts = LATEST.seen[SHARDED].values()

    for said in ("deadline_ms", "checkpoint_bytes", "report", "unique_key", "is_successor"):
        assert any(said in of_one for of_one in facts), said
    for key in ("watched", "unique", "successors", "lapsing", "checkpoints", "reports"):
        assert getattr(keys_of(PLAIN), key) in LATEST.keys, key
    assert LATEST.keys[keys_of(PLAIN).format] == ["string", [b"3"]]


def test_an_existing_dump_is_not_overwritten() -> None:
    name = kept_dumps()[0].name.removesuffix(SUFFIX)

    with pytest.raises(FileExistsError, match="give another name"):
        write(name)


def states_in(dump: Dump, queue: str) -> Counter[str]:
    """The number of tasks of a queue in each state."""
    return Counter(facts["state"] for facts in dump.seen[queue].values())


@pytest.mark.parametrize(("queue", "keys"), [(PLAIN, OF_TASKS), (SHARDED, ("layout",)), (MENDED, ("repairs",))])
@on_valkey
def test_a_lost_key_is_reported(
    queue: str, keys: tuple[str, ...], broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = DUMP if queue == SHARDED else DUMP.only(queue)
    DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())

    for key in keys:
        name = getattr(keys_of(queue), key)
        broker.client().perform(("RENAME", name, ASIDE))
        assert list(losses(dump, broker)) != [], key
        broker.client().perform(("RENAME", ASIDE, name))
    assert list(losses(dump, broker)) == []


@on_valkey
def test_a_queue_missing_from_the_list_of_queues_is_reported(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    DumpTime(monkeypatch, DUMP.taken_ms)
    DUMP.load(broker.client())
    broker.client().perform(("SREM", queues_key(), PLAIN))

    assert list(losses(DUMP, broker)) == [f"the queues are {sorted({*QUEUES} - {PLAIN})}"]


@pytest.mark.parametrize("key", ["tries", "failures", "dead"])
@on_valkey
def test_a_lost_entry_of_one_task_is_reported(key: str, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    dump = DUMP.only(PLAIN)
    DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())
    remove = "ZREM" if key == "dead" else "HDEL"
    assert broker.client().perform((remove, getattr(keys_of(PLAIN), key), "killers:0")) == 1

    (loss,) = losses(dump, broker)
    assert loss.startswith(f"{PLAIN}: killers:0 ")


@on_valkey
def test_the_history_shows_that_a_lost_task_never_ran(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dump = DUMP.only(MENDED)
    time = DumpTime(monkeypatch, dump.taken_ms)
    dump.load(broker.client())
    time.advance(LATEST_MS)
    keys, perform = keys_of(MENDED), broker.client().perform
    perform(("ZREM", keys.waiting, "lost:2"))
    perform(("HDEL", keys.tasks, "lost:2"))
    fleet = Fleet(dump, broker, tmp_path, time)
    fleet.work()

    assert [violation[:3] for violation in fleet.violations()] == ["I1:", "I11"]
