"""A connection to a server without a client library: a test sees every byte that it sends and receives."""

import socket
from typing import Self
from urllib.parse import urlsplit

ARRIVES_S = 10.0
SILENCE_S = 0.05


class BareConnection:
    """A TCP connection to the server at a URL."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname, place.port), timeout=ARRIVES_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def say(self, *commands: bytes) -> None:
        """Send all commands in one write, each as a line of text."""
        self._socket.sendall(b"".join(command + b"\r\n" for command in commands))

    def hear(self, expected: bytes) -> bytes:
        """Receive as many bytes as `expected` has, fewer if the connection ends first."""
        heard = b""
        while len(heard) < len(expected) and (received := self._socket.recv(len(expected) - len(heard))):
            heard += received
        return heard

    def has_ended(self) -> bool:
        """Wait for a byte or the end of the connection, and return whether it was the end."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def is_silent(self) -> bool:
        """Whether neither a byte nor the end of the connection comes within `SILENCE_S`."""
        self._socket.settimeout(SILENCE_S)
        try:
            self._socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(ARRIVES_S)
        return False
