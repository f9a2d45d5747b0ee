"""Fixtures for tests under chaos."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import BrokerKind, Servers
from tests.chaos.rig import Rig


@pytest.fixture
def rig(tmp_path: Path, servers: Servers) -> Iterator[Rig]:
    """An empty queue on Valkey, and its history from now on."""
    servers.broker(BrokerKind.VALKEY).close()
    with Rig(tmp_path, servers.url(BrokerKind.VALKEY)) as rig:
        yield rig
