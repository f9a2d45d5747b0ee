"""Ports for servers of tests are free, and stay free while a server is down."""

import contextlib
import socket
import subprocess
import sys
from random import Random, SystemRandom

from redisched.chaos.server import cluster_node
from redisched.embedded.free_port import LEAST_RANGE, LOWEST_PORT, _reserve, find_free_port, first_ephemeral_port


def test_a_port_is_never_one_of_outgoing_connections() -> None:
    ports = {find_free_port(Random(seed)) for seed in range(200)}
    assert len(ports) > 100
    beyond = max(first_ephemeral_port(), LOWEST_PORT + LEAST_RANGE)
    assert max(*ports, int(cluster_node()[-1])) < beyond


def listen_on_a_first_choice() -> tuple[int, socket.socket]:
    """A seed, and a server on the port that is chosen first with it."""
    while True:
        seed = SystemRandom().randrange(2**32)
        first = Random(seed).randrange(LOWEST_PORT, max(first_ephemeral_port(), LOWEST_PORT + LEAST_RANGE))
        with contextlib.suppress(OSError):
            return seed, socket.create_server(("127.0.0.1", first))


def test_a_port_on_which_a_server_listens_is_not_chosen() -> None:
    seed, server = listen_on_a_first_choice()
    with server:
        assert find_free_port(Random(seed)) != server.getsockname()[1]


CHOOSES = """
import sys
from random import Random
from redisched.embedded.free_port import find_free_port
print(find_free_port(Random(int(sys.argv[1]))), flush=True)
sys.stdin.read()
"""


def test_a_port_that_was_chosen_is_chosen_by_nobody_else_while_its_chooser_lives() -> None:
    seed = SystemRandom().randrange(2**32)
    with subprocess.Popen(
        (sys.executable, "-c", CHOOSES, str(seed)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        ours = find_free_port(Random(seed))
        again = find_free_port(Random(seed))
    assert len({theirs, ours, again}) == 3
    assert _reserve(theirs)
