"""The configurations in the pages for operators start servers with the properties that the pages describe."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from redisched.chaos import Server, cluster_node
from redisched.chaos.agreement import pairs, perform
from redisched.embedded import Transport
from tests.brokers import SINGLE, binary_of
from tests.house.checkout import ROOT

pytestmark = pytest.mark.differs_by_server

PAGES = ROOT / "docs" / "operations"


def blocks(page: str) -> list[str]:
    """The configurations of a page."""
    return re.findall(r"^```conf\n(.*?)^```$", (PAGES / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(params=SINGLE)
def binary(request: pytest.FixtureRequest) -> Path:
    return binary_of(request.param)


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as servers:
        yield servers


def start(servers: ExitStack, binary: Path, configuration: str, *arguments: str) -> Server:
    """A server with this configuration, except for its port and its folder."""
    server = Server(binary=binary, transport=Transport.LOOPBACK, arguments=arguments)
    (server.directory / "server.conf").write_text(configuration)
    return servers.enter_context(server)


@pytest.mark.parametrize("page", ["standalone.md", "sentinel.md", "cluster.md"])
def test_the_configuration_of_a_server_has_the_described_effect(servers: ExitStack, binary: Path, page: str) -> None:
    configuration = blocks(page)[0]
    # The cluster bus gets a port of its own: the usual one, 10,000 higher, may not exist.
    server = start(servers, binary, configuration, *(cluster_node() if page == "cluster.md" else ()))

    for line in configuration.splitlines():
        if not line.startswith("#"):
            name, wanted = line.split()
            told = pairs(perform(server, "CONFIG", "GET", name))[name]
            assert told in (wanted, str(2 * 2**30)), line


def test_the_configuration_of_a_sentinel_has_the_described_effect(servers: ExitStack, binary: Path) -> None:
    server = start(servers, binary, blocks("sentinel.md")[1], "--sentinel")

    facts = pairs(perform(server, "SENTINEL", "MASTER", "tasks"))
    assert (facts["quorum"], facts["down-after-milliseconds"], facts["failover-timeout"]) == ("2", "1500", "3000")
