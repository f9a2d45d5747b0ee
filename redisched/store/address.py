"""URLs of more than one server: whom to ask, and how to reach those that are named.

    redis+sentinel://[user:password@]host[:26379],host.../primary[/database][?sentinel_username=...&sentinel_password=...]
    redis+cluster://[user:password@]host[:6379],host...[/]

`rediss+` encrypts every connection. Other options are the client library's, such as `ssl_ca_certs`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit


class Topology(StrEnum):
    """How several servers form one Redis."""

    SENTINEL = "sentinel"
    """One primary at a time; Sentinels know which."""
    CLUSTER = "cluster"
    """Many primaries, each with a part of the slots."""


_USUAL_PORTS = {Topology.SENTINEL: 26379, Topology.CLUSTER: 6379}
_SHAPES = {
    Topology.SENTINEL: "redis+sentinel://host:26379,host:26379/primary/0",
    Topology.CLUSTER: "redis+cluster://host:6379,host:6379",
}


class Node(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL taken apart. `nodes` are the Sentinels, or some nodes of the cluster, to begin with.

    `primary` is the name under which Sentinels watch it. The URLs of single servers hold passwords.
    """

    topology: Topology
    nodes: tuple[Node, ...]
    scheme: str
    primary: str
    database: str
    credentials: str
    sentinel_credentials: str
    options: str

    def url_of(self, node: Node) -> str:
        """The URL of one server that holds tasks."""
        return f"{self.scheme}://{self.credentials}{node}/{self.database}?{self.options}"

    def sentinel_url_of(self, node: Node) -> str:
        """The URL of one Sentinel."""
        return f"{self.scheme}://{self.sentinel_credentials}{node}?{self.options}"


def parse_address(url: str) -> Address | None:
    """The address of several servers, None for the URL of one. Raises ValueError."""
    parts = urlsplit(url)
    scheme, plus, kind = parts.scheme.partition("+")
    if not plus:
        return None
    if scheme not in ("redis", "rediss") or kind not in list(Topology):
        raise ValueError("the schemes for several servers are redis+sentinel, redis+cluster, and both with rediss")
    topology = Topology(kind)
    credentials, at, hosts = parts.netloc.rpartition("@")
    options = dict(parse_qsl(parts.query))
    sentinel_user = quote(options.pop("sentinel_username", ""), safe="")
    sentinel_password = quote(options.pop("sentinel_password", ""), safe="")
    primary, database = _place(topology, parts.path.strip("/").split("/"))
    return Address(
        topology=topology,
        nodes=tuple(_node(host, topology) for host in hosts.split(",")),
        scheme=scheme,
        primary=primary,
        database=database,
        credentials=credentials + at,
        sentinel_credentials=f"{sentinel_user}:{sentinel_password}@" if sentinel_password else "",
        options=urlencode(options),
    )


def _place(topology: Topology, path: Sequence[str]) -> tuple[str, str]:
    """The name of the primary and the number of the database."""
    if topology is Topology.CLUSTER:
        if path not in ([""], ["0"]):
            raise ValueError(f"a cluster has no other database than 0; write {_SHAPES[topology]}")
        return "", "0"
    primary, *rest = path
    database = rest[0] if rest else "0"
    if not primary or len(rest) > 1 or not database.isdigit():
        raise ValueError(f"name the primary that the Sentinels watch: {_SHAPES[topology]}")
    return primary, database


def _node(text: str, topology: Topology) -> Node:
    """A host with or without its port; an IPv6 address stands in brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, str(_USUAL_PORTS[topology])
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"every server needs a host, and a port if it is not the usual one: {_SHAPES[topology]}")
    return Node(host.removeprefix("[").removesuffix("]"), int(port))
