"""Whole messages are found in a stream, in whatever pieces it arrives."""

import socket
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.chaos.resp import end_of_message, is_push, messages, words_of

MESSAGES = [
    b"+OK\r\n",
    b"-ERR no\r\n",
    b":-12\r\n",
    b"$0\r\n\r\n",
    b"$-1\r\n",
    b"$7\r\na\r\nb\r\nc\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n+x\r\n",
    b"_\r\n",
    b"#t\r\n",
    b",1.5\r\n",
    b"(12345678901234567890\r\n",
    b"=8\r\ntxt:a\r\nb\r\n",
    b"!5\r\nERR x\r\n",
    b"%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n:2\r\n",
    b">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n",
    b"PING\r\n",
]


@pytest.mark.parametrize("message", MESSAGES)
def test_the_end_of_every_kind_of_message_is_found(message: bytes) -> None:
    assert end_of_message(message + b"+next\r\n") == len(message)


@pytest.mark.parametrize("message", MESSAGES)
def test_an_incomplete_message_has_no_end(message: bytes) -> None:
    assert [end_of_message(message[:length]) for length in range(len(message))] == [None] * len(message)


@given(sent=st.lists(st.sampled_from(MESSAGES), max_size=6), sizes=st.lists(st.integers(1, 9), min_size=1))
def test_messages_are_found_in_whatever_pieces_they_arrive(sent: list[bytes], sizes: list[int]) -> None:
    stream, pieces = b"".join(sent), []
    for size in cycle(sizes):
        if not stream:
            break
        pieces.append(stream[:size])
        stream = stream[size:]
    # A pair of this type receives each send as a separate piece.
    sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with sender, receiver:
        for piece in pieces:
            sender.sendall(piece)
        sender.shutdown(socket.SHUT_WR)

        assert list(messages(receiver)) == sent


def test_an_incomplete_message_at_the_end_of_a_stream_is_ignored() -> None:
    sender, receiver = socket.socketpair()
    with sender, receiver:
        sender.sendall(b"+OK\r\n$3\r\nab")
        sender.shutdown(socket.SHUT_WR)

        assert list(messages(receiver)) == [b"+OK\r\n"]


def test_no_message_is_read_after_invalid_bytes() -> None:
    sender, receiver = socket.socketpair()
    with sender, receiver:
        sender.sendall(b"+OK\r\n*many\r\n+OK\r\n")

        assert list(messages(receiver)) == [b"+OK\r\n"]


def test_words_of_returns_the_words_of_a_command() -> None:
    assert list(words_of(b"*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$0\r\n\r\n")) == [b"SET", b"a\r\n", b""]
    assert list(words_of(b"ping  hello\r\n")) == [b"ping", b"hello"]


def test_is_push_is_true_only_for_a_push_message() -> None:
    assert [message for message in MESSAGES if is_push(message)] == [b">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"]
