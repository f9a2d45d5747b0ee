"""What is put to the test by chaos."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.brokers import BrokerKind, Servers
from tests.chaos.ordeal import Ordeal


@pytest.fixture
def ordeal(tmp_path: Path, servers: Servers) -> Iterator[Ordeal]:
    """An empty queue on Valkey, and its history from now on."""
    servers.broker(BrokerKind.VALKEY).close()
    with Ordeal(tmp_path, servers.url(BrokerKind.VALKEY)) as ordeal:
        yield ordeal
