"""Addresses of Redis: one server or several, and how to connect to each. `repr` and `str` show no secrets.

`str` turns an address into a URL without its secrets, for logs and messages.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from redisched.url_options import Encryption


class Topology(StrEnum):
    """How the servers of one Redis work together."""

    SINGLE = "single"
    """One server."""
    SENTINEL = "sentinel"
    """One primary at a time; Sentinels know which."""
    CLUSTER = "cluster"
    """Many primaries, each with a part of the slots."""


SUFFIXES = {Topology.SINGLE: "", Topology.SENTINEL: "+sentinel", Topology.CLUSTER: "+cluster"}
"""The end of the scheme of a URL, for each topology."""
UNIX = "unix"


class Node(NamedTuple):
    """The host and port on which a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The user name and password for a server; both are empty for the default user without a password."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.username or self.password)


NOBODY = Credentials()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """All that is needed to connect to one server: a node or a Unix socket, credentials and options.

    `program` is the name that the connection has in CLIENT LIST; empty means the name of the running script.
    """

    node: Node | None
    socket: str = ""
    database: int = 0
    credentials: Credentials = NOBODY
    encryption: Encryption | None = None
    keepalive: bool = False
    program: str = ""

    def __str__(self) -> str:
        if self.node is None:
            return f"{UNIX}://{self.socket}?db={self.database}"
        return f"{'rediss' if self.encryption else 'redis'}://{self.node}/{self.database}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A parsed URL.

    `nodes` has the server, the Sentinels, or the first nodes of a cluster to ask; it is empty for a Unix `socket`.
    `primary` is the name of the primary in the Sentinels.
    """

    topology: Topology
    nodes: tuple[Node, ...]
    socket: str = ""
    primary: str = ""
    database: int = 0
    credentials: Credentials = NOBODY
    sentinel_credentials: Credentials = NOBODY
    encryption: Encryption | None = None
    keepalive: bool = False
    program: str = ""
    url: str = field(repr=False)
    """The URL as it was given, with its secrets, to pass to other processes that use the same Redis."""

    def __str__(self) -> str:
        if self.topology is Topology.SINGLE:
            return str(self.server(self.nodes[0] if self.nodes else None))
        scheme = ("rediss" if self.encryption else "redis") + SUFFIXES[self.topology]
        path = f"/{self.primary}/{self.database}" if self.topology is Topology.SENTINEL else ""
        return f"{scheme}://{','.join(map(str, self.nodes))}{path}"

    @property
    def has_secrets(self) -> bool:
        """Whether the URL holds a user name or a password."""
        encryption = self.encryption
        return bool(self.credentials or self.sentinel_credentials or (encryption and encryption.password))

    def server(self, node: Node | None) -> ServerAddress:
        """Return the address of one server that stores tasks."""
        return ServerAddress(
            node=node,
            socket=self.socket,
            database=self.database,
            credentials=self.credentials,
            encryption=self.encryption,
            keepalive=self.keepalive,
            program=self.program,
        )

    def sentinel(self, node: Node) -> ServerAddress:
        """Return the address of one Sentinel."""
        return ServerAddress(
            node=node,
            credentials=self.sentinel_credentials,
            encryption=self.encryption,
            keepalive=self.keepalive,
            program=self.program,
        )
