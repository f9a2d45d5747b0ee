"""No script changes a shard that a later redisched has written to, and the error says what to do."""

import pytest

from redisched.errors import FormatTooNew
from redisched.keys import keys_of
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.scripts import FORMAT
from redisched.store.store import Store
from redisched.store.values import NewTask, Status
from tests.lua.situation import seed
from tests.server_time import ServerTime
from tests.snapshot import snapshot_of
from tests.store.test_wrong_types import BEFORE, EDGES, NEW, QUEUE

LATER = str(FORMAT + 1)


@pytest.mark.parametrize("edge", EDGES)
def test_no_edge_changes_a_shard_of_a_later_format(broker: Broker, clock: ServerTime, edge: str) -> None:
    seed(broker, QUEUE, BEFORE | {"format": LATER})
    before = snapshot_of(broker)

    with pytest.raises(FormatTooNew, match=f"in format {LATER}; this one understands formats up to {FORMAT} .*upgrade"):
        run(EDGES[edge](Store(broker.script_runner, QUEUE)), broker.client())

    assert snapshot_of(broker) == before


def test_no_call_enqueues_into_a_shard_of_a_later_format(broker: Broker, clock: ServerTime) -> None:
    seed(broker, QUEUE, BEFORE)
    store, client = Store(broker.script_runner, QUEUE), broker.client()
    run(store.enqueue([NEW]), client)
    client.perform(("SET", store.keys.format, LATER))
    task = NewTask("later", 5, "+0", b"digest-l")

    with pytest.raises(FormatTooNew):
        run(store.enqueue_loaded(task), client)
    with pytest.raises(FormatTooNew):
        run(store.enqueue_many([[task], [task]]), client)
    with pytest.raises(FormatTooNew):
        run(store.known(ShardMap(), [task]), client)


def test_no_observer_reads_a_shard_of_a_later_format(broker: Broker) -> None:
    broker.client().perform(("SET", keys_of(QUEUE).format, LATER))
    inspector = Inspector(broker.script_runner, QUEUE)

    with pytest.raises(FormatTooNew):
        run(inspector.counts(), broker.client())
    with pytest.raises(FormatTooNew):
        run(inspector.state("a"), broker.client())


@pytest.mark.parametrize("stored", ["1", "2", "garbage", ""])
def test_an_earlier_or_unreadable_format_is_accepted(broker: Broker, stored: str) -> None:
    broker.client().perform(("SET", keys_of(QUEUE).format, stored))

    (status,) = run(Store(broker.script_runner, QUEUE).enqueue([NEW]), broker.client())

    assert status is Status.CREATED
    assert broker.client().perform(("GET", keys_of(QUEUE).format)) == b"2"
