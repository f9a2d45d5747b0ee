"""Ports for servers of tests are free, and stay free while a server is down."""

import socket
from random import Random

from redisched.chaos.server import cluster_node
from redisched.embedded.free_port import LEAST_RANGE, LOWEST_PORT, find_free_port, first_ephemeral_port


def test_a_port_is_never_one_of_outgoing_connections() -> None:
    ports = {find_free_port(Random(seed)) for seed in range(200)}
    assert len(ports) > 100
    beyond = max(first_ephemeral_port(), LOWEST_PORT + LEAST_RANGE)
    assert max(*ports, int(cluster_node()[-1])) < beyond


def test_a_port_on_which_a_server_listens_is_not_chosen() -> None:
    wanted = find_free_port(Random(7))
    with socket.create_server(("127.0.0.1", wanted)):
        assert find_free_port(Random(7)) != wanted
