"""Servers that a test can pause, kill, start from any thread, and combine into a topology."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import TimeoutError as RedisTimeout

from redisched.chaos.agreement import PROMPT_REPLICATION
from redisched.chaos.server import Server, cluster_node, replica_of, sentinel
from redisched.embedded import Persistence, Transport
from tests.brokers import BrokerKind, binary_of
from tests.embedded.processes import ScriptProcess, is_alive
from tests.waiting import wait_until

pytestmark = pytest.mark.differs_by_server

OWNER = """
import sys
from redisched.chaos import Server
from redisched.chaos.agreement import PROMPT_REPLICATION

with Server() as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""
"""A script that runs a server, prints its pid, and ends when its standard input ends."""


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def binary(request: pytest.FixtureRequest) -> Path:
    """The binary of each real server in turn."""
    return binary_of(request.param)


@pytest.fixture
def start(binary: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server of a topology; it is closed after the test."""
    servers: list[Server] = []

    def start(arguments: tuple[str, ...] = ()) -> Server:
        servers.append(
            Server(binary=binary, arguments=arguments, persistence=Persistence.NONE, transport=Transport.LOOPBACK)
        )
        servers[-1].start()
        return servers[-1]

    yield start
    for server in reversed(servers):
        server.close()


def test_a_paused_server_does_not_answer_until_it_is_resumed(binary: Path) -> None:
    with Server(binary=binary) as server, Redis.from_url(server.url, socket_timeout=0.1, retry=None) as client:
        client.ping()
        server.pause()
        with pytest.raises(RedisTimeout):
            client.ping()
        server.resume()

        assert wait_until(client.ping, "the server answers")


def test_a_paused_server_can_be_shut_down_normally(binary: Path) -> None:
    with Server(binary=binary) as server:
        server.pause()
        server.stop()

        assert "bye bye" in server.log_tail


def test_a_server_outlives_the_thread_that_started_it(binary: Path) -> None:
    server = Server(binary=binary)
    starting = threading.Thread(target=server.start)
    starting.start()
    starting.join()
    pid = server.pid
    with server, Redis.from_url(server.url) as client:
        # A server that dies with its thread gets the signal at once, so it would be dead by now.
        assert client.ping()
        assert server.pid == pid


def test_a_killed_server_still_has_its_data_when_started_again(binary: Path) -> None:
    server = Server(binary=binary, persistence=Persistence.ALWAYS, transport=Transport.LOOPBACK)
    with server, Redis.from_url(server.url) as client:
        client.set("key", "value")
        server.kill()
        server.start()

        assert client.get("key") == b"value"


def test_a_server_dies_when_the_process_that_owns_it_is_killed() -> None:
    with ScriptProcess(OWNER) as owner:
        pid = int(owner.hear())
        assert is_alive(pid)
        owner.kill()

    wait_until(lambda: not is_alive(pid), "the process of the server has ended")


def test_a_server_on_a_unix_socket_cannot_have_a_replica() -> None:
    server = Server()
    with pytest.raises(ValueError, match="LOOPBACK"):
        replica_of(server)
    server.close()


def test_a_replica_receives_the_writes_of_its_primary(start: Callable[..., Server]) -> None:
    primary = start(PROMPT_REPLICATION)
    replica = start(replica_of(primary))

    with Redis.from_url(primary.url) as writing, Redis.from_url(replica.url) as reading:
        wait_until(
            lambda: reading.info("replication")["master_link_status"] == "up", "the replica is connected to its primary"
        )
        writing.set("key", "value")
        assert writing.wait(1, 10_000) == 1
        assert reading.get("key") == b"value"
        assert reading.role()[:3] == [b"slave", b"127.0.0.1", primary.address[1]]


def test_a_restarted_sentinel_still_knows_its_primary(start: Callable[..., Server]) -> None:
    primary = start()
    watching = start(sentinel())

    with Redis.from_url(watching.url, decode_responses=True) as client:
        client.execute_command("SENTINEL", "MONITOR", "queue", *primary.address, 1)
        watching.restart()
        assert client.sentinel_get_master_addr_by_name("queue") == primary.address


def test_a_cluster_of_one_node_serves_all_slots(start: Callable[..., Server]) -> None:
    node = start(cluster_node())

    with Redis.from_url(node.url, decode_responses=True) as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_until(lambda: "cluster_state:ok" in client.execute_command("CLUSTER", "INFO"), "the node serves all slots")
        assert client.set("key", "value")
