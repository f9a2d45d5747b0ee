"""order: what somebody tells a worker is heard once, by that worker, and goes with it."""

import pytest

from redisched.errors import FormatTooNew, WrongKeyType
from redisched.orders import WorkerOrder
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import digest_of
from redisched.store.scripts import FORMAT, load_script
from tests.lua.roster import LIVE_MS, OLD, PRESENCE, Workers
from tests.server_time import NOW_MS, ServerTime
from tests.snapshot import snapshot_of
from tests.store.test_wrong_types import plant

pytestmark = pytest.mark.differs_by_server


@pytest.fixture
def workers(broker: Broker, clock: ServerTime) -> Workers:
    found = Workers(broker, clock)
    found.introduce("a")
    found.introduce("b")
    return found


def order(workers: Workers, worker: str, what: WorkerOrder = WorkerOrder.QUIET, order_id: str = "id") -> bool:
    return run(workers.fleet.order(worker, what, order_id), workers.broker.client())


def heard(workers: Workers, worker: str, before: str = "") -> str:
    introducing = workers.fleet.introduce(worker, PRESENCE.encode(), digest_of(OLD), b"", LIVE_MS, before)
    return run(introducing, workers.broker.client()).order


def test_an_order_is_told_until_it_is_heard(workers: Workers) -> None:
    assert order(workers, "a")

    told = heard(workers, "a")
    assert told == "id quiet"
    assert heard(workers, "a") == told, "the reply may have been lost"
    assert heard(workers, "a", told) == ""
    assert heard(workers, "a") == ""


def test_only_the_worker_that_is_meant_hears_it(workers: Workers) -> None:
    order(workers, "a", WorkerOrder.STOP)
    assert heard(workers, "b") == ""


def test_a_later_order_takes_the_place_of_the_one_before(workers: Workers) -> None:
    order(workers, "a", WorkerOrder.QUIET)
    first = heard(workers, "a")
    order(workers, "a", WorkerOrder.RESUME, "other")

    assert heard(workers, "a", first) == "other resume"


@pytest.mark.parametrize("worker", ["nobody", "gone"])
def test_there_is_nobody_to_tell(workers: Workers, worker: str) -> None:
    workers.introduce("gone")
    workers.clock.move_to(NOW_MS + LIVE_MS)
    before = snapshot_of(workers.broker)

    assert not order(workers, worker)

    assert snapshot_of(workers.broker) == before


def test_an_order_goes_with_its_worker(workers: Workers) -> None:
    order(workers, "a")
    order(workers, "b")
    workers.depart("a")
    workers.clock.move_to(NOW_MS + LIVE_MS)
    workers.introduce("c")

    assert workers.broker.client().perform(("EXISTS", workers.fleet.keys.orders)) == 0


def test_a_key_of_a_wrong_type_is_named_and_nothing_is_written(workers: Workers) -> None:
    for name in load_script("order").keys:
        workers.introduce("a")
        key = getattr(workers.fleet.keys, name)
        plant(workers.broker, key)
        before = snapshot_of(workers.broker)

        with pytest.raises(WrongKeyType, match="order"):
            order(workers, "a")

        assert snapshot_of(workers.broker) == before
        workers.broker.client().perform(("DEL", key))


def test_a_later_format_is_left_alone(workers: Workers) -> None:
    workers.broker.client().perform(("SET", workers.fleet.keys.format, FORMAT + 1))
    with pytest.raises(FormatTooNew):
        order(workers, "a")
