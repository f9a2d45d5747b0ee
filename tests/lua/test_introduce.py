"""introduce, depart and read/workers: who is there, until when, and what the deployments of those serve."""

from dataclasses import fields

import pytest

from redisched.errors import FormatTooNew, WrongKeyType
from redisched.keys import FLEET_TYPES, FleetKeys, fleet_keys
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import Deployment, digest_of
from redisched.store.roster import Introduced
from redisched.store.scripts import FORMAT, load_script
from tests.lua.roster import LIVE_MS, NEW, OLD, PRESENCE, Workers
from tests.server_time import NOW_MS, ServerTime
from tests.snapshot import snapshot_of
from tests.store.test_wrong_types import plant

pytestmark = pytest.mark.differs_by_server


@pytest.fixture
def workers(broker: Broker, clock: ServerTime) -> Workers:
    return Workers(broker, clock)


def test_a_worker_is_present_for_as_long_as_it_said(workers: Workers) -> None:
    workers.introduce("a")
    workers.clock.move_to(NOW_MS + LIVE_MS - 1)
    workers.introduce("b")
    assert workers.names() == ["a", "b"]

    workers.clock.move_to(NOW_MS + LIVE_MS)

    assert workers.names() == ["b"]


def test_what_a_worker_says_is_read_as_it_was_said(workers: Workers) -> None:
    workers.introduce("a")

    (found,) = run(workers.fleet.workers(), workers.broker.client()).workers

    assert (found.name, found.presence, found.until_ms) == ("a", PRESENCE, NOW_MS + LIVE_MS)
    assert found.started_ms == NOW_MS - 2_000


def test_the_digests_of_all_live_deployments_are_answered(workers: Workers) -> None:
    assert workers.introduce("a") == Introduced(True, "", (digest_of(OLD),), NOW_MS)
    assert set(workers.introduce("b", NEW).deployments) == {digest_of(OLD), digest_of(NEW)}

    workers.clock.move_to(NOW_MS + LIVE_MS + 1)

    assert workers.introduce("b", NEW) == Introduced(True, "", (digest_of(NEW),), NOW_MS + LIVE_MS + 1)
    assert run(workers.fleet.deployments([digest_of(OLD)]), workers.broker.client()) == {}


def test_what_a_deployment_serves_is_sent_once_by_one_of_its_workers(workers: Workers) -> None:
    before = snapshot_of(workers.broker)
    assert workers.introduce("a", sends=False) == Introduced(False, now_ms=NOW_MS)
    assert snapshot_of(workers.broker) == before

    workers.introduce("a")

    assert workers.introduce("b", sends=False) == Introduced(True, "", (digest_of(OLD),), NOW_MS)
    found = run(workers.fleet.deployments([digest_of(OLD), "other"]), workers.broker.client())
    assert found == {digest_of(OLD): Deployment(version="1", queues=("mail",), handlers=("send",))}


def test_an_introduction_repeated_changes_nothing(workers: Workers) -> None:
    workers.introduce("a")
    before = snapshot_of(workers.broker)

    workers.introduce("a")

    assert snapshot_of(workers.broker) == before


def test_what_is_over_is_removed_by_the_next_introduction(workers: Workers) -> None:
    for number in range(250):
        workers.introduce(f"gone-{number}")
    workers.clock.move_to(NOW_MS + LIVE_MS)

    for _ in range(3):
        workers.introduce("b", NEW)

    perform, keys = workers.broker.client().perform, workers.fleet.keys
    assert perform(("HKEYS", keys.workers)) == [b"b"]
    assert perform(("HLEN", keys.deployments)) == 1


def test_all_workers_are_on_the_pages_however_small_these_are(workers: Workers) -> None:
    names = sorted(f"worker-{number}" for number in range(150))
    for name in names:
        workers.introduce(name)

    assert workers.names(limit=20) == names


def test_damaged_words_hide_nobody_else(workers: Workers) -> None:
    workers.introduce("a")
    workers.introduce("b")
    perform, keys = workers.broker.client().perform, workers.fleet.keys
    perform(("HSET", keys.workers, "a", b"\xc1"))
    perform(("HSET", keys.deployments, digest_of(OLD), b"\x91\x01"))

    assert workers.names() == ["b"]
    assert run(workers.fleet.deployments([digest_of(OLD)]), workers.broker.client()) == {}


@pytest.mark.parametrize("edge", ["introduce", "depart"])
def test_a_key_of_a_wrong_type_is_named_and_nothing_is_written(workers: Workers, edge: str) -> None:
    call = (lambda: workers.introduce("b", NEW)) if edge == "introduce" else (lambda: workers.depart("a"))
    for name in load_script(edge).keys:
        workers.introduce("a")
        key = getattr(workers.fleet.keys, name)
        plant(workers.broker, key)
        before = snapshot_of(workers.broker)

        with pytest.raises(WrongKeyType, match=edge):
            call()

        assert snapshot_of(workers.broker) == before
        workers.broker.client().perform(("DEL", key))


def test_a_later_format_of_the_fleet_is_left_alone(workers: Workers) -> None:
    workers.introduce("a")
    workers.broker.client().perform(("SET", workers.fleet.keys.format, FORMAT + 1))

    with pytest.raises(FormatTooNew):
        workers.introduce("b")
    with pytest.raises(FormatTooNew):
        workers.depart("a")
    with pytest.raises(FormatTooNew):
        workers.names()


def test_the_catalogue_has_the_type_of_every_key_of_the_fleet() -> None:
    assert list(FLEET_TYPES) == [field.name for field in fields(FleetKeys)]
    assert fleet_keys("shop").workers == "shop:{/workers}:workers"
