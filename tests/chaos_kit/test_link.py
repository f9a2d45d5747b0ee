"""A link passes messages on, in pieces if a fault sets a pace."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from random import Random

import pytest

from redisched.chaos.command_names import CommandNames
from redisched.chaos.fault import Action, Fault, Message, Pace
from redisched.chaos.link import Link, Rules
from redisched.chaos.tally import Tally

RECEIVE_BYTES = 1_024


class Ends:
    """A link between a client's and a server's socket; both receive each send as a separate piece."""

    def __init__(self, stack: ExitStack) -> None:
        self.tally = Tally(Random(0).random)
        rules = Rules(names=CommandNames(), tally=self.tally, random=Random(0), observe=None)
        self.client, near = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link = Link(near, far, rules)
        carrying = threading.Thread(target=link.carry)
        carrying.start()
        for step in (self.client.close, self.server.close, carrying.join, link.cut):
            stack.callback(step)


@pytest.fixture
def ends() -> Iterator[Ends]:
    with ExitStack() as stack:
        yield Ends(stack)


def test_without_a_fault_a_message_arrives_in_one_piece(ends: Ends) -> None:
    ends.client.sendall(b"PING\r\n")
    assert ends.server.recv(RECEIVE_BYTES) == b"PING\r\n"
    ends.server.sendall(b"+PONG\r\n")
    assert ends.client.recv(RECEIVE_BYTES) == b"+PONG\r\n"


@pytest.mark.parametrize("pace", [Pace(piece_bytes=3), Pace(bytes_per_s=300.0)])
def test_a_fault_with_a_pace_splits_a_request_into_pieces(ends: Ends, pace: Pace) -> None:
    ends.tally.arm((Fault(message=Message.REQUEST, action=Action.PASS, pace=pace),))
    ends.client.sendall(b"ECHO a\r\n")

    assert [ends.server.recv(RECEIVE_BYTES) for _ in range(3)] == [b"ECH", b"O a", b"\r\n"]


def test_a_push_message_passes_and_is_not_counted_as_a_reply(ends: Ends) -> None:
    ends.tally.arm((Fault(message=Message.REPLY, action=Action.CUT),))
    ends.server.sendall(b">1\r\n+hello\r\n")

    assert ends.client.recv(RECEIVE_BYTES) == b">1\r\n+hello\r\n"
    assert ends.tally.counted(Message.REPLY).total() == 0


def test_when_the_server_closes_the_link_closes_the_client_side(ends: Ends) -> None:
    ends.server.close()

    assert ends.client.recv(RECEIVE_BYTES) == b""
