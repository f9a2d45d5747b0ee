"""Where Redis is: one server, or several, and how to speak with each. Whatever is secret stays out of sight.

As text an address is a URL without its secrets, for logs and messages.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from redisched.url_options import Encryption


class Topology(StrEnum):
    """How servers form one Redis."""

    SINGLE = "single"
    """One server."""
    SENTINEL = "sentinel"
    """One primary at a time; Sentinels know which."""
    CLUSTER = "cluster"
    """Many primaries, each with a part of the slots."""


SUFFIXES = {Topology.SINGLE: "", Topology.SENTINEL: "+sentinel", Topology.CLUSTER: "+cluster"}
"""What the scheme of a URL ends with."""
UNIX = "unix"


class Node(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Whom a server is to take us for; both empty for the default user without a password."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.username or self.password)


NOBODY = Credentials()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """All that is needed to reach one server: a node or a Unix socket, and how to speak there. `program` is what we
    are called there; empty for the name of the script.
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
    """A URL taken apart. `nodes` is the server, or the Sentinels, or some nodes of the cluster to begin with; empty for
    a Unix `socket`. `primary` is the name under which Sentinels watch it.
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
    """As it was given, secrets included: for other processes that have to find the same Redis."""

    def __str__(self) -> str:
        if self.topology is Topology.SINGLE:
            return str(self.server(self.nodes[0] if self.nodes else None))
        scheme = ("rediss" if self.encryption else "redis") + SUFFIXES[self.topology]
        path = f"/{self.primary}/{self.database}" if self.topology is Topology.SENTINEL else ""
        return f"{scheme}://{','.join(map(str, self.nodes))}{path}"

    @property
    def has_secrets(self) -> bool:
        """Whether its URL holds something that nobody else may read."""
        encryption = self.encryption
        return bool(self.credentials or self.sentinel_credentials or (encryption and encryption.password))

    def server(self, node: Node | None) -> ServerAddress:
        """How to reach one server that holds tasks."""
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
        """How to reach one Sentinel."""
        return ServerAddress(
            node=node,
            credentials=self.sentinel_credentials,
            encryption=self.encryption,
            keepalive=self.keepalive,
            program=self.program,
        )
