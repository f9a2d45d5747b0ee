"""A connection without a client library: what was said and what comes back, byte for byte."""

import socket
from typing import Self
from urllib.parse import urlsplit

ARRIVES_S = 10.0
SILENCE_S = 0.05


class BareConnection:
    """Speaks to the server at a URL."""

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._socket = socket.create_connection((place.hostname, place.port), timeout=ARRIVES_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def say(self, *commands: bytes) -> None:
        """Send commands at once, as lines of text."""
        self._socket.sendall(b"".join(command + b"\r\n" for command in commands))

    def hear(self, expected: bytes) -> bytes:
        """As many bytes as are expected, fewer if the connection ends before."""
        heard = b""
        while len(heard) < len(expected) and (received := self._socket.recv(len(expected) - len(heard))):
            heard += received
        return heard

    def has_ended(self) -> bool:
        """Wait for a word or the end, and tell whether it is the end."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def is_silent(self) -> bool:
        """Whether neither a word nor the end comes for a moment."""
        self._socket.settimeout(SILENCE_S)
        try:
            self._socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self._socket.settimeout(ARRIVES_S)
        return False
