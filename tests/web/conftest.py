"""An empty server, an application without handlers, and a client of its API."""

from collections.abc import Iterator

import pytest

from redisched.client.scheduler import Scheduler
from redisched.store.broker import Broker
from redisched.web.acting import actions as actions_module
from tests.brokers import BrokerKind, Servers
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop
from tests.web.api import Api


@pytest.fixture
def real_broker(servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.fixture
def tasks(real_broker: Broker) -> Scheduler:
    return Scheduler(broker=real_broker)


@pytest.fixture
def workshop(real_broker: Broker) -> Workshop:
    """Moves the tasks of the queue `default`."""
    return Workshop(real_broker, "default")


@pytest.fixture
def command(servers: Servers, real_broker: Broker) -> CommandLine:
    return CommandLine(servers.url(BrokerKind.VALKEY))


@pytest.fixture
def api(tasks: Scheduler) -> Iterator[Api]:
    """The API as this machine may use it without a token."""
    api = Api(tasks)
    with api.client:
        yield api


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time to undo."""
    monkeypatch.setattr(actions_module, "UNDO_S", 0.0)


@pytest.fixture
def in_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time enough to undo, however slow the machine is."""
    monkeypatch.setattr(actions_module, "UNDO_S", 3_600.0)
