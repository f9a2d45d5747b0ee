"""How many slots live workers have for a queue, and how many of them are busy."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched.store import slot_use
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.roster import Roster
from redisched.store.slot_use import QueueSlots, SlotUse, read_slot_use

pytestmark = pytest.mark.differs_by_server

LIVE_MS = 60_000
MAIL = Deployment(queues=("mail", "sms"))
REPORTS = Deployment(queues=("reports", "mail"))
Introduce = Callable[..., None]


@pytest.fixture
def introduce(broker: Broker) -> Introduce:
    roster = Roster(broker.script_runner)

    def told(name: str, deployment: Deployment, **said: Any) -> None:
        serves = deployment.encode()
        presence = Presence(deployment=digest_of(serves), live_ms=LIVE_MS, **said).encode()
        run(roster.introduce(name, presence, digest_of(serves), serves, LIVE_MS), broker.client())

    return told


def seen(broker: Broker) -> SlotUse:
    return run(read_slot_use(broker.script_runner), broker.client())


def test_without_workers_no_slot_is_there_and_none_is_busy(broker: Broker) -> None:
    assert seen(broker).of("mail") == QueueSlots()
    assert not QueueSlots().are_all_busy


def test_the_workers_that_take_tasks_of_a_queue_are_added(broker: Broker, introduce: Introduce) -> None:
    introduce("a", MAIL, slots=4, busy=4)
    introduce("b", MAIL, slots=2, busy=2)
    introduce("c", REPORTS, slots=8, busy=3)
    introduce("stopping", MAIL, slots=50, state="stopping")

    found = seen(broker)

    assert found.of("sms") == QueueSlots(workers=2, slots=6, busy=6)
    assert found.of("mail") == QueueSlots(workers=3, slots=14, busy=9)
    assert found.of("other") == QueueSlots()


def test_all_are_busy_only_if_none_is_free(broker: Broker, introduce: Introduce) -> None:
    introduce("a", MAIL, slots=4, busy=9)
    assert seen(broker).of("mail") == QueueSlots(workers=1, slots=4, busy=4)
    introduce("b", MAIL, slots=1, busy=0)
    assert [QueueSlots(slots=4, busy=busy).are_all_busy for busy in (3, 4)] == [False, True]
    assert seen(broker).of("mail") == QueueSlots(workers=2, slots=5, busy=4)


def test_nothing_is_said_where_workers_serve_more_than_they_tell(broker: Broker, introduce: Introduce) -> None:
    introduce("a", Deployment(queues=("mail",), more_queues=1), slots=1, busy=1)
    assert seen(broker).of("mail") is None


def test_nothing_is_said_of_more_workers_than_are_read(
    broker: Broker, introduce: Introduce, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        introduce(f"worker-{number}", MAIL, slots=1, busy=1)
    assert seen(broker).of("mail") == QueueSlots(workers=3, slots=3, busy=3)
    monkeypatch.setattr(slot_use, "MOST_WORKERS", 3)
    assert seen(broker).of("mail") is None
