"""A server that answers with given bytes or not at all, and records the requests."""

import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

SILENCE: bytes | None = None
"""The reply that never comes."""


class LineServer:
    """Listens on a Unix socket. Each command but those of the handshake gets the next of the replies."""

    def __init__(self, folder: Path, replies: Sequence[bytes | None]) -> None:
        self._path = folder / "s"
        self.url = f"unix://{self._path}"
        self.commands: list[list[bytes]] = []
        self.connections = 0
        self.asked = threading.Event()
        self._replies = list(replies)
        self._listener = socket.socket(socket.AF_UNIX)
        self._sockets = [self._listener]
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for connection in reversed(self._sockets):
            connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for connection in self._sockets:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as incoming:
            while command := _read_command(incoming):
                if command[0] in (b"CLIENT", b"HELLO"):
                    connection.sendall(b"+OK\r\n")
                    continue
                self.commands.append(command)
                self.asked.set()
                reply = self._replies.pop(0)
                if reply is not None:
                    connection.sendall(reply)


def _read_command(incoming: BinaryIO) -> list[bytes]:
    """The next command, empty at the end."""
    count = incoming.readline()
    if not count:
        return []
    parts = []
    for _ in range(int(count[1:])):
        size = int(incoming.readline()[1:])
        parts.append(incoming.read(size + 2)[:-2])
    return parts
