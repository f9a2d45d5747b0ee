"""Who may use the API, from where, and what for."""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from inspect import iscoroutinefunction
from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection

from redisched.errors import InvalidOption

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names in a Host header that are always allowed, with any port."""
SHORTEST_SECRET = 16
_LONGEST_NAME = 100
_HOST = re.compile(r"(?:[a-z0-9_][a-z0-9._-]*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")


class Role(StrEnum):
    """What a visitor may do."""

    READER = "reader"
    """May read."""
    OPERATOR = "operator"
    """May read and act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who sends a request. The name stands in the audit of what it does."""

    name: str
    role: Role

    def __post_init__(self) -> None:
        _check_role(self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A secret that a request sends as `Authorization: Bearer SECRET`, and who is meant by it. Raises InvalidOption for
    a secret that can be guessed, or cannot be sent.
    """

    secret: str = field(repr=False)
    role: Role = Role.OPERATOR
    name: str = ""

    def __post_init__(self) -> None:
        _check_role(self.role)
        text = self.secret
        if len(text) < SHORTEST_SECRET or not text.isascii() or not text.isprintable() or " " in text:
            allowed = f"at least {SHORTEST_SECRET} ASCII characters without spaces, such as: openssl rand -hex 16"
            raise InvalidOption("token", "***", allowed)
        if len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            raise InvalidOption("name", self.name, f"at most {_LONGEST_NAME} printable characters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may use the API. Without tokens and `visitor_of`, that is whoever connects from this machine.

    `role` is the most that anybody may do. `allowed_hosts` are names that a Host header may have besides those of this
    machine, each with or without a port. `visitor_of` is for an application that knows its users already: it answers
    who sends a request, or None for nobody.
    """

    tokens: tuple[AccessToken, ...] = ()
    role: Role = Role.OPERATOR
    allowed_hosts: tuple[str, ...] = ()
    visitor_of: Callable[[HTTPConnection], Visitor | None] | None = None

    def __post_init__(self) -> None:
        """Raises InvalidOption for what would let in others than it seems to, or nobody."""
        _check_role(self.role)
        if self.visitor_of is not None and (not callable(self.visitor_of) or iscoroutinefunction(self.visitor_of)):
            raise InvalidOption("visitor_of", self.visitor_of, "a plain function, not one of async def")
        if not _is_tuple_of(AccessToken, self.tokens):
            raise InvalidOption("tokens", "***", "a tuple of AccessToken")
        if not _is_tuple_of(str, self.allowed_hosts):
            raise InvalidOption("allowed_hosts", self.allowed_hosts, "a tuple of names of hosts")
        for host in self.allowed_hosts:
            if _HOST.fullmatch(host.lower()) is None and not _is_ipv6(host):
                allowed = "names of hosts as they are in a URL, such as tasks.example.com or tasks.example.com:8443"
                raise InvalidOption("allowed_hosts", host, allowed)
        if len({token.secret for token in self.tokens}) < len(self.tokens):
            raise InvalidOption("tokens", "***", "for each token a secret of its own, which says what one may do")

    @property
    def is_open(self) -> bool:
        """Whether a request needs nothing to be let in but to come from this machine."""
        return not self.tokens and self.visitor_of is None

    def allows_host(self, host: str) -> bool:
        """Whether a request may have this Host header."""
        name = host.lower()
        without_port = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name
        allowed = LOOPBACK_HOSTS.union(map(_in_url, self.allowed_hosts))
        return not allowed.isdisjoint({name, without_port})

    def visitor(self, connection: HTTPConnection) -> Visitor | None:
        """Who sends a request; None if nobody knows. Raises TypeError for a `visitor_of` that answers neither."""
        found = self.visitor_of(connection) if self.visitor_of is not None else self._by_token(connection)
        if found is not None and not isinstance(found, Visitor):
            raise TypeError(f"visitor_of must answer a Visitor or None, not {type(found).__name__}")
        if found is not None and self.role is Role.READER:
            return Visitor(name=found.name, role=Role.READER)
        return found

    def _by_token(self, connection: HTTPConnection) -> Visitor | None:
        if self.is_open:
            return Visitor(name="local", role=Role.OPERATOR)
        scheme, _, secret = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found = None
        for token in self.tokens:
            # Every token is compared, and takes the same time however much of it is right.
            if hmac.compare_digest(_digest(secret.strip()), _digest(token.secret)):
                found = Visitor(name=token.name or token.role.value, role=token.role)
        return found


def _is_tuple_of(kind: type, value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(one, kind) for one in value)


def _check_role(role: object) -> None:
    """A text that names a role would be taken for no reader's."""
    if not isinstance(role, Role):
        raise InvalidOption("role", role, "Role.READER or Role.OPERATOR")


def is_loopback(address: str) -> bool:
    """Whether an IP address is one that only this machine can reach. A name is none."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    mapped = known.ipv4_mapped if isinstance(known, IPv6Address) else None
    return (mapped or known).is_loopback


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host.lower()}]" if _is_ipv6(host) else host.lower()


def _digest(secret: str) -> bytes:
    # Of equal length, so that the comparison does not tell how long a secret is.
    return sha256(secret.encode("utf-8", "surrogateescape")).digest()
