"""Finds where messages of the Redis protocol begin and end, so that a proxy can delay one without decoding it.

The formats are those of the Redis serialization protocol, versions 2 and 3 (redis.io, "Redis serialization protocol
specification").
"""

import socket
from collections.abc import Iterator

_RECEIVE_BYTES = 65_536
_PUSH = ord(">")
_BULKS = frozenset(b"$!=")
_VALUES_PER_ELEMENT = {ord("*"): 1, ord("~"): 1, _PUSH: 1, ord("%"): 2}


def messages(connection: socket.socket) -> Iterator[bytes]:
    """Yield every complete message that arrives on a connection, byte for byte as it was sent.

    Ends when the connection ends or breaks, and at the first byte that does not belong to the protocol.
    """
    buffer = bytearray()
    while received := _receive(connection):
        buffer += received
        try:
            while (end := end_of_message(buffer)) is not None:
                yield bytes(buffer[:end])
                del buffer[:end]
        except ValueError:
            return


def end_of_message(buffer: bytes | bytearray) -> int | None:
    """The length in bytes of the message at the beginning of the buffer; None while a part of it is missing.

    Raises ValueError if the buffer does not begin with a message.
    """
    at, values = 0, 1
    while values:
        line_end = buffer.find(b"\r\n", at)
        if line_end < 0:
            return None
        kind, values = buffer[at], values - 1
        if kind in _BULKS:
            length = int(buffer[at + 1 : line_end])
            line_end += length + 2 if length >= 0 else 0
            if line_end + 2 > len(buffer):
                return None
        elif kind in _VALUES_PER_ELEMENT:
            values += max(0, int(buffer[at + 1 : line_end])) * _VALUES_PER_ELEMENT[kind]
        at = line_end + 2
    return at


def words_of(command: bytes) -> Iterator[bytes]:
    """Yield the words of a complete command, its name first."""
    if not command.startswith(b"*"):
        yield from command.split()
        return
    at = command.index(b"\r\n") + 2
    while at < len(command):
        line_end = command.index(b"\r\n", at)
        first = line_end + 2
        at = first + int(command[at + 1 : line_end]) + 2
        yield command[first : at - 2]


def is_push(message: bytes) -> bool:
    """Whether a message from a server is a push message, which is not the reply to a command."""
    return message[0] == _PUSH


def _receive(connection: socket.socket) -> bytes:
    """The bytes received next; empty when the connection has ended."""
    try:
        return connection.recv(_RECEIVE_BYTES)
    except OSError:
        return b""
