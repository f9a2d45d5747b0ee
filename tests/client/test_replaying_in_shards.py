"""Dead tasks with unique keys are replayed after shards were added: each goes to where its key belongs now."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from redisched.client.connection import Connection
from redisched.client.dead_tasks import ReplayOutcome
from redisched.client.scheduler import Scheduler
from redisched.codec import encode_failure
from redisched.keys import keys_of
from redisched.model import Failure, TaskState
from redisched.placement import placement_of
from redisched.routing.freshness import Freshness
from redisched.routing.revival import Revival
from redisched.routing.shard_router import ShardRouter
from redisched.shard_map import ShardMap
from redisched.store.adding_shards import add_shards
from redisched.store.broker import Broker
from redisched.store.dead_task import read_dead
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, run
from redisched.store.store import Store
from redisched.store.values import Bury, ClaimRequest, NewTask, Status
from tests.brokers import BrokerKind, Servers, on_each_primary
from tests.chaos.mutant import Mutant
from tests.client.callers import Caller
from tests.client.interleaving import Fate, Interleaving
from tests.client.test_adding_shards import PATIENT, QUEUE, adding_shards, many, producer_with, shards_with
from tests.client.test_unique_in_shards import PLACEMENTS, holders, schedules, tasks
from tests.script_rewriting import rewrite_scripts

pytestmark = pytest.mark.differs_by_routing

FAILURE = encode_failure(Failure(name="send", error="boom"))


def bury_all(broker: Broker, shard: int = 0) -> None:
    """Let every task of a shard die."""
    client, store = broker.client(), Store(broker.script_runner, QUEUE, shard)
    request = ClaimRequest(worker="w", nonce="n.1", limit=50, ahead_ms=60_000, ahead_limit=50, lease_ms=30_000)
    leases = run(store.claim(request), client).leases
    run(store.bury([Bury(lease.id, lease.token, FAILURE) for lease in leases]), client)


def replaying(broker: Broker, dead: list[NewTask]) -> Operation[dict[str, Status]]:
    """An operator who saw these tasks dead in the first shard."""
    connection = Connection(PATIENT, broker)
    return Revival(connection, QUEUE, 0, b"", connection.retry_policy()).of_keyed([task.id for task in dead])


def race(broker: Broker, mode: str, manner: settings) -> None:
    """Producers, operators who replay dead tasks, and one who adds shards, all at once in any order."""

    @manner
    @given(schedules)
    def holds(schedule: list[tuple[int, Fate]]) -> None:
        on_each_primary(broker, "FLUSHALL")
        dead = tasks("dead")
        run(Store(broker.script_runner, QUEUE).enqueue(dead), broker.client())
        bury_all(broker)
        one, other = producer_with(broker, ShardMap()), ShardRouter(Connection(PATIENT, broker))
        interleaving = Interleaving(
            broker,
            [
                many(one, QUEUE, tasks("one", mode), Freshness.MAYBE_SENT),
                many(other, QUEUE, tasks("other", mode)[::-1], Freshness.MAYBE_SENT),
                replaying(broker, dead),
                replaying(broker, dead[::-1]),
                adding_shards(broker, 5),
            ],
        )

        interleaving.run(schedule)

        assert [placement_of(id) for id in holders(broker)] == PLACEMENTS

    holds()


@pytest.mark.parametrize("mode", ["return", "replace", "debounce"])
def test_one_task_has_a_key_while_shards_are_added_and_dead_tasks_are_replayed(broker: Broker, mode: str) -> None:
    race(broker, mode, settings())


def ask_nobody(_revival: Revival, *_arguments: Any) -> Operation[dict[str, Status]]:
    yield from ()
    return {}


BUGS: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "a task is revived where it is": lambda monkeypatch: monkeypatch.setattr(Revival, "of_keyed", Revival.of_plain),
    "earlier shards are not asked": lambda monkeypatch: monkeypatch.setattr(Revival, "_held_elsewhere", ask_nobody),
    "a shard with another shard map revives": lambda monkeypatch: rewrite_scripts(
        monkeypatch, Mutant("revive", "shard_map ~= '' and known_shard_map() ~= shard_map", "false").rewrite
    ),
}


@pytest.mark.fault
@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_the_race_shows_that(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, bug: Callable[[pytest.MonkeyPatch], object]
) -> None:
    broker = servers.broker(BrokerKind.VALKEY)
    bug(monkeypatch)
    manner = settings(max_examples=1_000, database=None, phases=[Phase.generate], derandomize=True)
    with pytest.raises(AssertionError):
        race(broker, "replace", manner)
    broker.close()


def test_a_dead_task_whose_key_has_moved_is_not_replayed_while_another_has_it(app: Scheduler, call: Caller) -> None:
    @app.task(queue=QUEUE, unique="{order}")
    def charge(order: int) -> None: ...

    before = [call(charge.enqueue, order) for order in range(8)]
    bury_all(app.broker)
    app.grow(QUEUE, 5)
    after = [call(charge.enqueue, order) for order in range(8)]

    assert all(ref.is_new for ref in after)
    assert [call(ref.replay) for ref in before] == [ReplayOutcome.TAKEN] * 8
    assert holders(app.broker) == sorted(ref.id for ref in after)
    assert {call(ref.status) for ref in before} == {TaskState.DEAD}


def test_a_dead_task_is_not_replayed_while_its_key_is_held_where_it_belonged_before(
    app: Scheduler, call: Caller
) -> None:
    @app.task(queue=QUEUE, unique="{order}")
    def charge(order: int) -> None: ...

    before = [call(charge.enqueue, order) for order in range(8)]
    bury_all(app.broker)
    holding = [call(charge.enqueue, order) for order in range(8)]
    app.grow(QUEUE, 5)

    assert [call(ref.replay) for ref in before] == [ReplayOutcome.TAKEN] * 8
    assert holders(app.broker) == sorted(ref.id for ref in holding)


@pytest.mark.parametrize("arguments", [(), (99,)], ids=["its arguments", "others"])
def test_a_dead_task_goes_to_where_its_key_belongs_when_it_is_replayed(
    app: Scheduler, call: Caller, arguments: tuple[int, ...]
) -> None:
    @app.task(queue=QUEUE, unique="{order}")
    def charge(order: int) -> None: ...

    refs = [call(charge.enqueue, order) for order in range(8)]
    bury_all(app.broker)
    app.grow(QUEUE, 5)

    replayed = [call(ref.replay_with if arguments else ref.replay, *arguments) for ref in refs]

    assert replayed == [ReplayOutcome.REPLAYED] * 8
    assert [call(charge.enqueue, order) for order in range(8)] == refs
    for order, ref in enumerate(refs):
        assert shards_with(app.broker, ref.id) == [ShardMap((1, 5)).shard_of(ref.id)]
        view = run(Inspector(app.broker.script_runner, QUEUE).task(ref.id), app.broker.client())
        assert view is not None
        assert view.body is not None
        assert [*view.body.args] == [*(arguments or (order,))]
        assert (view.state, len(view.failures), view.unique_for) == (TaskState.READY, 1, "until_done")


def test_a_move_that_was_interrupted_is_finished_by_the_next_replay(app: Scheduler, call: Caller) -> None:
    @app.task(queue=QUEUE, unique="{order}")
    def charge(order: int) -> None: ...

    refs = [call(charge.enqueue, order) for order in range(8)]
    bury_all(app.broker)
    app.grow(QUEUE, 5)
    client, shard_map = app.broker.client(), ShardMap((1, 5))
    for task in run(read_dead(keys_of(QUEUE), [ref.id for ref in refs]), client):
        home = Store(app.broker.script_runner, QUEUE, shard_map.shard_of(task.id))
        run(home.take_over([task], shard_map), client)

    changes = call(app.select(queue=QUEUE, state="dead").replay)

    assert {change.outcome for change in changes} == {ReplayOutcome.REPLAYED}
    assert [shards_with(app.broker, ref.id) for ref in refs] == [[shard_map.shard_of(ref.id)] for ref in refs]
    assert holders(app.broker) == sorted(ref.id for ref in refs)


def test_shards_that_are_added_between_the_move_and_the_revival_are_noticed(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = tasks("dead")
    run(Store(broker.script_runner, QUEUE).enqueue(dead), broker.client())
    bury_all(broker)
    run(add_shards(broker.script_runner, QUEUE, 3), broker.client())
    move, counts = Revival._move, [4, 5]

    def moving(revival: Revival, *moved: Any) -> Operation[dict[str, Status]]:
        statuses = yield from move(revival, *moved)
        if counts:
            yield from add_shards(broker.script_runner, QUEUE, counts.pop(0))
        return statuses

    monkeypatch.setattr(Revival, "_move", moving)
    statuses = run(replaying(broker, dead), broker.client())

    assert counts == []
    assert set(statuses.values()) == {Status.REVIVED}
    assert [placement_of(id) for id in holders(broker)] == PLACEMENTS
