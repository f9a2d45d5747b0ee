"""The servers on which tests run a whole worker, and fleets without processes."""

from collections.abc import Iterator
from typing import Any

import pytest

from redisched.store.broker import Broker
from tests.brokers import REAL, Servers, keys_like
from tests.engine.scripted_fleet import MakeFleet, ScriptedFleet
from tests.engine.slot_record import SlotRecord


@pytest.fixture(params=REAL)
def damaged_broker(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Broker]:
    """An empty broker of a real server, for tests that damage its keys."""
    broker = servers.broker(request.param)
    yield broker
    broker.close()


@pytest.fixture
def real_broker(damaged_broker: Broker) -> Iterator[Broker]:
    """An empty broker of a real server; a fake one goes on with what a closed connection had sent.

    No test of a fleet may give its scrubbers something to repair.
    """
    yield damaged_broker
    assert keys_like(damaged_broker, "redisched:*:repairs") == [], "a scrubber had to repair something"


@pytest.fixture
def fleet_of() -> Iterator[MakeFleet]:
    """Makes fleets whose processes the test plays, by the settings of their workers."""
    made: list[ScriptedFleet] = []

    def make(**settings: Any) -> ScriptedFleet:
        made.append(ScriptedFleet(**settings))
        return made[-1]

    yield make
    for fleet in made:
        fleet.close()


@pytest.fixture
def record() -> SlotRecord:
    """Of the tasks of schedules that start in a test."""
    return SlotRecord()
