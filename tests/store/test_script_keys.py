"""Every key that a script is given, or could touch, has the hash tag of its shard: a cluster would refuse any other.

Servers that stand alone take whatever keys they are given. So that no cluster is needed to notice a wrong one, every
operation is begun here with a script runner that only notes what it would send.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from typing import Any, NoReturn

import pytest

from redisched.engine.scrubber import DEEP
from redisched.errors import InvalidOption
from redisched.keys import Keys, fleet_keys, keys_of, shard_name
from redisched.model import TaskState
from redisched.option_checks import check_queue
from redisched.orders import WorkerOrder
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from redisched.store.circumstances import read_circumstances
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Argument, Client, Command, Operation, Pipeline, ScriptRunner, run
from redisched.store.page import Query
from redisched.store.repair import ScrubRequest
from redisched.store.reported import read_report
from redisched.store.roster import Roster
from redisched.store.schedule_store import ScheduleStore, next_slots
from redisched.store.scripts import load_script, script_names
from redisched.store.shard import ALL_KEYS
from redisched.store.slots import slot_of_key
from redisched.store.store import Store
from redisched.store.survey import in_calls, survey
from redisched.store.tallies import Batch, Tallies
from redisched.store.values import Ack, ClaimRequest, NewTask
from redisched.store.watching import watch
from tests.store.edges_of_schedules import EDGES_OF_SCHEDULES, READS_OF_SCHEDULES
from tests.store.test_wrong_types import EDGES

QUEUE = "mail"
TASK = NewTask("a", 5, "+0", b"digest-abody")
CLAIM = ClaimRequest(worker="w", nonce="1", limit=9, ahead_ms=0, ahead_limit=0, lease_ms=60000)
EVERY_SHARD = (0, 1, 7, 1023)
SCRUB = ScrubRequest(
    parts=DEEP, cursor="0", limit=9, lease_ms=1, retention_ms=1, priority=5, no_record=b"", no_failure=b""
)


class _Noted(BaseException):
    """Ends an operation whose keys have been noted."""


class NotingRunner(ScriptRunner):
    """Notes the keys of every call, and lets none go out."""

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def command(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> Command:
        self.calls.append((name, tuple(keys)))
        return super().command(name, keys, arguments)

    def call(self, name: str, keys: Sequence[str], arguments: Sequence[Argument]) -> NoReturn:
        self.calls.append((name, tuple(keys)))
        raise _Noted


def begin(operation: Operation[Any]) -> None:
    """Let an operation come to what it sends first."""
    with contextlib.suppress(_Noted):
        step = next(operation)
        if isinstance(step, Pipeline):
            list(step.commands)
    operation.close()


MORE_EDGES: list[Callable[[Store], Operation[Any]]] = [
    lambda store: store.enqueue_loaded(TASK),
    lambda store: store.enqueue_many([[TASK], [TASK]]),
    lambda store: store.known(ShardMap(), [TASK]),
    lambda store: store.scrub(SCRUB),
    lambda store: watch(store._script_runner, QUEUE, store.shard, "channel", ["a"]),
    lambda store: read_report(store._script_runner, QUEUE, store.shard, "a"),
]
LOOKS: list[Callable[[ShardInspector], Operation[Any]]] = [
    lambda shard: shard.counts(),
    lambda shard: shard.stages(),
    lambda shard: shard.state("a"),
    lambda shard: shard.page(Query(states={TaskState.READY}, limit=9)),
    lambda shard: shard.page(Query(states={TaskState.SCHEDULED}, limit=9)),
    lambda shard: shard.page(Query(states={TaskState.LEASED}, limit=9)),
    lambda shard: shard.page(Query(states={TaskState.DEAD}, limit=9)),
    lambda shard: shard.page(Query(states={TaskState.SUCCEEDED}, limit=9)),
]


def calls_of_shard(prefix: str, shard: int) -> list[tuple[str, tuple[str, ...]]]:
    """The scripts that one shard's operations call, with the keys that they give them."""
    script_runner = NotingRunner(prefix)
    for edge in (*(EDGES[name] for name in EDGES.keys() - EDGES_OF_SCHEDULES.keys()), *MORE_EDGES):
        begin(edge(Store(script_runner, QUEUE, shard)))
    for look in LOOKS:
        begin(look(ShardInspector(script_runner, QUEUE, shard)))
    for read in READS_OF_SCHEDULES:
        begin(read(ScheduleStore(script_runner, QUEUE, shard)))
    for call in EDGES_OF_SCHEDULES.values():
        begin(call(ScheduleStore(script_runner, QUEUE, shard)))
    begin(read_circumstances(script_runner, QUEUE, shard, "id"))
    begin(next_slots(script_runner, [Store(script_runner, QUEUE, shard)]))
    begin(survey(script_runner, "worker", [Store(script_runner, QUEUE, shard)]))
    return script_runner.calls


def calls_of_fleet(prefix: str) -> list[tuple[str, tuple[str, ...]]]:
    """The scripts that are called for all workers of a prefix, with the keys that they are given."""
    script_runner = NotingRunner(prefix)
    fleet = Roster(script_runner)
    begin(fleet.introduce("worker", b"", "digest", b"", 1_000))
    begin(fleet.depart("worker"))
    begin(fleet.workers())
    begin(fleet.order("worker", WorkerOrder.QUIET, "id"))
    return script_runner.calls


def calls_of_spans(prefix: str) -> list[tuple[str, tuple[str, ...]]]:
    """The script that counts what workers did, with the keys that it is given."""
    script_runner = NotingRunner(prefix)
    begin(Tallies(script_runner).add("worker", Batch(1, 150_000, {})))
    return script_runner.calls


@pytest.mark.parametrize("prefix", ["redisched", "shop:eu"])
@pytest.mark.parametrize("shard", EVERY_SHARD)
def test_every_key_that_a_script_is_given_has_the_hash_tag_of_the_shard(prefix: str, shard: int) -> None:
    tag = f"{{{shard_name(QUEUE, shard)}}}"
    for script, keys in calls_of_shard(prefix, shard):
        assert keys
        assert {slot_of_key(key) for key in keys} == {slot_of_key(tag)}, script


def test_every_script_is_tested_here() -> None:
    calls = [*calls_of_shard("redisched", 0), *calls_of_fleet("redisched"), *calls_of_spans("redisched")]
    assert {script for script, _ in calls} == set(script_names())


@pytest.mark.parametrize("prefix", ["redisched", "shop:eu"])
def test_what_workers_did_is_counted_beside_the_keys_of_the_fleet(prefix: str) -> None:
    ((script, keys),) = calls_of_spans(prefix)
    assert [key.rpartition(":")[2] for key in keys] == list(load_script(script).keys)
    assert {slot_of_key(key) for key in keys} == {slot_of_key("{/workers}")}
    assert {f"{prefix}:{{/workers}}:{of}" for of in ("2:minute", "2:tallied", "0:hour")} <= {*keys}


@pytest.mark.parametrize("prefix", ["redisched", "shop:eu"])
def test_the_keys_of_the_fleet_have_a_hash_tag_that_no_shard_has(prefix: str) -> None:
    own = astuple(fleet_keys(prefix))
    for script, keys in calls_of_fleet(prefix):
        assert keys == tuple(getattr(fleet_keys(prefix), name) for name in load_script(script).keys), script
    assert {slot_of_key(key) for key in own} == {slot_of_key("{/workers}")}
    with pytest.raises(InvalidOption):
        check_queue("queue", "/workers")


def test_each_key_is_the_one_that_the_script_declares() -> None:
    own = keys_of(QUEUE, 7)
    for script, keys in calls_of_shard("redisched", 7):
        every = tuple(getattr(own, name) for name in load_script(script).keys)
        assert keys in (every, every[: len(load_script(script).usual_keys)]), script


@pytest.mark.parametrize("name", script_names())
def test_the_usual_keys_come_first_among_all_keys(name: str) -> None:
    script = load_script(name)
    assert script.keys[: len(script.usual_keys)] == script.usual_keys


def test_a_task_with_traits_is_enqueued_with_all_keys() -> None:
    own = keys_of(QUEUE)
    every = tuple(getattr(own, name) for name in load_script("enqueue").keys)
    runner = NotingRunner("redisched")
    store = Store(runner, QUEUE)
    rare = TASK._replace(traits=b"deadline=+9 ")

    begin(store.enqueue([TASK, rare]))
    begin(store.enqueue_loaded(rare))
    begin(store.enqueue_many([[TASK, rare]]))

    assert runner.calls == [("enqueue", every)] * 3


class NotingClient:
    """Performs commands, and notes of each script call the number of its keys and the reply."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls: list[tuple[Argument, Any]] = []

    def perform(self, command: Command) -> Any:
        reply = self._client.perform(command)
        self.calls.append((command[2], reply))
        return reply

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return self._client.perform_all(commands)


@pytest.mark.parametrize("name", ["claim", "ack"])
def test_a_script_that_needs_all_its_keys_says_so_once(broker: Broker, name: str) -> None:
    usual, every = len(load_script(name).usual_keys), len(load_script(name).keys)
    client = NotingClient(broker.client())
    store = Store(broker.script_runner, QUEUE)
    run(store.enqueue([TASK]), client)
    (lease,) = run(store.claim(CLAIM), client).leases
    other = Store(broker.script_runner, QUEUE)
    run(other.enqueue([TASK._replace(id="b", traits=b"deadline=+60000 ")]), client)
    client.calls.clear()

    for _ in range(2):
        if name == "claim":
            run(other.claim(CLAIM), client)
        else:
            run(other.ack([Ack(lease.id, lease.token, 9, b"digest-aoutcome")]), client)

    assert [keys for keys, _ in client.calls] == [usual, every, every]
    assert client.calls[0][1] == ALL_KEYS
    assert ALL_KEYS not in [reply for _, reply in client.calls[1:]]


@pytest.mark.parametrize("name", Keys.__slots__)
def test_shards_share_no_key_and_no_hash_tag(name: str) -> None:
    of_shards = [getattr(keys_of(QUEUE, shard), name) for shard in EVERY_SHARD]

    assert len({key[key.index("{") :] for key in of_shards}) == len(EVERY_SHARD)


def test_on_a_cluster_the_shards_of_one_survey_share_a_slot() -> None:
    script_runner = NotingRunner("redisched")
    stores = [Store(script_runner, f"q{number}", shard) for number in range(200) for shard in EVERY_SHARD]
    for stores_of_one_call in in_calls(stores, slot_of_key):
        begin(survey(script_runner, "worker", stores_of_one_call))

    assert all(len({slot_of_key(key) for key in keys}) == 1 for _, keys in script_runner.calls)
    assert {key for _, keys in script_runner.calls for key in keys} >= {store.keys.waiting for store in stores}


def test_keys_of_two_shards_in_one_call_are_noticed() -> None:
    script_runner = NotingRunner("redisched")
    begin(survey(script_runner, "worker", [Store(script_runner, QUEUE, shard) for shard in (0, 1)]))
    ((_, keys),) = script_runner.calls

    assert len({slot_of_key(key) for key in keys}) == 2
