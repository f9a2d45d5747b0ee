"""S14: entries that another program wrote into keys of the right type stop no edge. The scrubber removes and counts
them.
"""

from collections.abc import Iterator

import pytest

from redisched.keys import keys_of
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.orphans import held_by
from redisched.store.scripts import load_script
from redisched.store.store import Store
from tests.brokers import BrokerKind, Servers, on_each_primary
from tests.chaos.invariants import check_places
from tests.lua.situation import LEASE_ENDS_MS, LISTS, STRINGS, ZSETS, seed, situation_of
from tests.scrubbing import scrub_all
from tests.server_time import NOW_MS, ServerTime
from tests.store.test_wrong_types import BEFORE, EDGES, QUEUE, TOKEN

pytestmark = pytest.mark.fault

MANY = "9" * 400
"""A number that no double holds."""
TEXTS = (
    "",
    "garbage",
    f"{TOKEN} garbage",
    f"q {MANY} d",
    "q ",
    f"{MANY} x",
    f"worker-2 {MANY} {MANY} {MANY}",
    "\0\xff",
)
TIMES = ("-1", "1e15")
SCORES = {"waiting": (*TIMES, "-inf", "0.5", "2e15", "inf"), "leases": (*TIMES, "-inf", "0.5", "inf")}
FAR_MS = max(NOW_MS, LEASE_ENDS_MS) + 1_000_000_000


@pytest.fixture(params=[BrokerKind.FAKE, BrokerKind.REDIS, BrokerKind.VALKEY])
def broker(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(request.param)
    yield broker
    broker.close()


def overwrite(broker: Broker, name: str, garbage: str) -> None:
    """Write it wherever the key holds something."""
    perform, key = broker.client().perform, getattr(keys_of(QUEUE), name)
    if name in STRINGS:
        perform(("SET", key, garbage))
    elif name in ZSETS:
        for id in BEFORE[name]:
            perform(("ZADD", key, garbage, id))
    else:
        for id in {*BEFORE.get(name, ()), *"adenw"}:
            perform(("HSET", key, id, garbage))


def damages(edge: str) -> Iterator[tuple[str, str]]:
    """Every garbage in every key of an edge. A shard map or a format that nobody can read is told
    of, as neither may be guessed. The numbers of repairs have fields of their own, and others are not looked at.
    """
    for name in load_script(edge).keys:
        if name not in (*LISTS, "layout", "format", "repairs"):
            yield from ((name, garbage) for garbage in (SCORES.get(name, TIMES) if name in ZSETS else TEXTS))


@pytest.mark.parametrize("edge", [edge for edge in EDGES if edge not in ("wake", "add_shards")])
def test_s14_every_edge_works_despite_garbage_and_the_scrubber_removes_it(
    broker: Broker, clock: ServerTime, edge: str
) -> None:
    store = Store(broker.script_runner, QUEUE)
    for name, garbage in damages(edge):
        on_each_primary(broker, "FLUSHALL")
        clock.move_to(NOW_MS)
        seed(broker, QUEUE, BEFORE)
        overwrite(broker, name, garbage)

        run(EDGES[edge](store), broker.client())
        check_recovers(broker, clock, f"{edge} met {garbage!r} in {name}")


def check_recovers(broker: Broker, clock: ServerTime, what: str) -> None:
    """Whoever looks is answered, and scrubbing and reaping leave a sound queue."""
    run(Inspector(broker.script_runner, QUEUE).counts(), broker.client())
    run(held_by(Store(broker.script_runner, QUEUE), "worker-1"), broker.client())
    repairs = scrub_all(broker, QUEUE)
    assert scrub_all(broker, QUEUE) == [], what
    # One call may do no more than begin a grace.
    for later_ms in (FAR_MS, FAR_MS + 1):
        clock.move_to(later_ms)
        run(EDGES["reap"](Store(broker.script_runner, QUEUE)), broker.client())
    repairs += scrub_all(broker, QUEUE)
    found = situation_of(broker, QUEUE)
    assert sum(map(int, found.pop("repairs", {}).values())) == len(repairs)
    check_places(found)
    assert "held" not in found, what
