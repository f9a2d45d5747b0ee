"""An empty Redis to run commands on, and a workshop that moves its tasks."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.embedded import stop
from redisched.embedded.paths import DATA_VARIABLE
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.cli.commands import CommandLine
from tests.cli.workshop import Workshop


@pytest.fixture
def url(servers: Servers) -> str:
    """A private server without a single key."""
    servers.broker(BrokerKind.VALKEY).close()
    return servers.url(BrokerKind.VALKEY)


@pytest.fixture
def command(url: str) -> CommandLine:
    return CommandLine(url)


@pytest.fixture
def private_broker(servers: Servers, url: str) -> Iterator[Broker]:
    broker = servers.broker(BrokerKind.VALKEY)
    yield broker
    broker.close()


@pytest.fixture
def workshop(private_broker: Broker) -> Workshop:
    """Moves the tasks of the queue `default`."""
    return Workshop(private_broker, "default")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory is a project, which gets an embedded server of its own when a command needs one."""
    # pytest's own folders are too deep for a socket.
    with tempfile.TemporaryDirectory(prefix="redisched-tests-") as runtime_directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime_directory)
        monkeypatch.delenv(DATA_VARIABLE, raising=False)
        (tmp_path / "pyproject.toml").touch()
        monkeypatch.chdir(tmp_path)
        yield tmp_path
        stop(tmp_path)


@pytest.fixture
def dead(command: CommandLine, workshop: Workshop) -> list[str]:
    """Three dead tasks, in the order in which they died."""
    names = ["one", "two", "three"]
    for task_id in names:
        command.output("enqueue", "add", "--id", task_id)
        workshop.bury(workshop.claim(), error=f"ValueError: {task_id}")
    return names
