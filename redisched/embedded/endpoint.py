"""The address on which an embedded server listens, and requests that ask the server there whether it is ready.

The guardian has to start in a few milliseconds. So this module writes the two commands it needs to the socket itself
and does not import a client library.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_ANSWER_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnixEndpoint:
    """A Unix socket that only its owner may open."""

    path: Path

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.path))}"

    @property
    def server_arguments(self) -> tuple[str, ...]:
        return ("--port", "0", "--unixsocket", str(self.path), "--unixsocketperm", "700")

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(_ANSWER_TIMEOUT_S)
            connection.connect(str(self.path))
        except BaseException:
            connection.close()
            raise
        return connection


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackEndpoint:
    """A TCP port on the loopback interface, open to every user of the machine: for tests that need TCP."""

    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def server_arguments(self) -> tuple[str, ...]:
        return ("--bind", "127.0.0.1", "--port", str(self.port))

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=_ANSWER_TIMEOUT_S)


Endpoint = UnixEndpoint | LoopbackEndpoint


def is_ready(endpoint: Endpoint) -> bool:
    """Whether a server answers PING at the endpoint.

    A server that still loads its data is not ready. A server that answers with any other error is ready, such as one
    that is busy with a script or asks for a password.
    """
    try:
        with endpoint.connect() as connection, connection.makefile("rb") as replies:
            connection.sendall(b"PING\r\n")
            reply = replies.readline()
    except OSError:
        return False
    return reply != b"" and not reply.startswith(b"-LOADING")


def read_version(endpoint: Endpoint) -> str | None:
    """Return the server's name and version, such as "valkey 9.1.2", or None if it does not report them."""
    try:
        with endpoint.connect() as connection, connection.makefile("rb") as replies:
            connection.sendall(b"INFO server\r\n")
            header = replies.readline()
            body = replies.read(int(header[1:])) if header.startswith(b"$") else b""
    except OSError:
        return None
    facts = dict(line.split(":", 1) for line in body.decode().splitlines() if ":" in line)
    for name in ("valkey", "redis"):
        if f"{name}_version" in facts:
            return f"{name} {facts[f'{name}_version']}"
    return None
