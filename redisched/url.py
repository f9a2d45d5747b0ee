"""Parses and checks URLs of Redis before a connection is opened. No error message shows a secret of a URL.

    redis://[user:password@]host[:6379][/database]
    unix://[user:password@]/path/of/a.sock[?db=database]
    redis+sentinel://[user:password@]host[:26379],host.../primary[/database][?sentinel_username=...&sentinel_password=...]
    redis+cluster://[user:password@]host[:6379],host...

`rediss` encrypts; `valkey` and `valkeys` are the same as `redis` and `rediss`. Module `url_options` has the options.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Never, Protocol, TypeAlias

from redisched.address import SUFFIXES, UNIX, Address, Credentials, Node, Topology
from redisched.errors import InvalidOption
from redisched.lazy import LazyModule
from redisched.percent import decode
from redisched.url_options import Unreadable, read_options

if TYPE_CHECKING:
    import difflib
else:
    difflib = LazyModule("difflib")

USUAL_PORT = 6379
LONGEST_SOCKET_PATH_BYTES = 107
_USUAL_PORTS = {Topology.SINGLE: USUAL_PORT, Topology.SENTINEL: 26379, Topology.CLUSTER: USUAL_PORT}
_SHAPES = {
    Topology.SINGLE: "redis://host:6379/0",
    Topology.SENTINEL: "redis+sentinel://host:26379,host:26379/primary/0",
    Topology.CLUSTER: "redis+cluster://host:6379,host:6379",
}
_UNIX_SHAPE = "unix:///run/redis.sock?db=0"
_ENCRYPTED = {"redis": False, "valkey": False, "rediss": True, "valkeys": True}
_SCHEMES = {
    scheme + suffix: (topology, encrypted)
    for topology, suffix in SUFFIXES.items()
    for scheme, encrypted in _ENCRYPTED.items()
}
_ALL_SCHEMES = (*_SCHEMES, UNIX)
_URL = re.compile(r"\b((?:redis|valkey)s?(?:\+\w+)?|unix)://\S+", re.IGNORECASE)
_NAME = re.compile(r"[^\s\x00-\x20\[\]:/?#@,%\\<>\"'`{}|^]{1,253}")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?\]", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,9}")
_LONGEST_LABEL = 63
_ENCODED = "in a user name or a password write / as %2F, ? as %3F, # as %23, @ as %40 and % as %25"


class UrlObject(Protocol):
    """An object that `str()` turns into the text of a URL, such as pydantic's RedisDsn and yarl's URL."""

    @property
    def scheme(self) -> Any: ...


class SecretText(Protocol):
    """An object that reveals a URL only by a method call, such as pydantic's SecretStr."""

    def get_secret_value(self) -> Any: ...


UrlLike: TypeAlias = str | UrlObject | SecretText


def parse_address(url: str, argument: str = "url") -> Address:
    """Parse a URL. `argument` is the name of the option or variable that holds the URL, for the error message.

    Raises InvalidOption, which shows only the scheme of the URL: the rest may hold a password, or a part of one.
    """
    # A URL that was read from a file may end with a newline.
    text = url.strip()
    scheme = text.partition("://")[0].lower()
    try:
        return _parse(text, scheme)
    except Unreadable as error:
        sentence = str(error)
    hidden = "..." if text else ""
    raise InvalidOption(argument, f"{scheme}://..." if scheme in _ALL_SCHEMES else hidden, sentence)


def text_of_url(url: object, argument: str = "url") -> str:
    """Return the text of a URL that is a text, an object that `str()` converts, or an object that hides a secret.

    Raises InvalidOption if it is none of these.
    """
    reveal = getattr(url, "get_secret_value", None)
    text = str(reveal() if callable(reveal) else url)
    is_url = isinstance(url, str) or re.match(r"[a-z][a-z0-9+.-]*://", text, re.ASCII | re.IGNORECASE)
    if isinstance(url, bytes | bytearray) or not is_url:
        raise InvalidOption(argument, f"<{type(url).__name__}>", "a text such as redis://localhost:6379/0, or None")
    return text


def without_urls(text: str) -> str:
    """Return a text with every URL of Redis shortened to its scheme, so that it shows no password."""
    return _URL.sub(lambda found: f"{found[1]}://...", text)


def _parse(text: str, scheme: str) -> Address:
    if not text:
        _refuse("it is empty; name a Redis, or leave it out")
    if text[0] in "\"'":
        _refuse("leave the quotation marks out")
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        _refuse("it holds a space or a control character; in a password write a space as %20")
    _, mark, rest = text.partition("://")
    if not mark:
        _refuse(f"it has no scheme; write {_SHAPES[Topology.SINGLE]}")
    if scheme not in _ALL_SCHEMES:
        near = difflib.get_close_matches(scheme, _ALL_SCHEMES, 1)
        hint = f"; did you mean {near[0]}://?" if near else ""
        _refuse(f"not a URL of Redis; the schemes are {', '.join(_ALL_SCHEMES)}{hint}")
    if "#" in rest:
        _refuse(f"a URL of Redis has no part after a #; {_ENCODED}")
    rest, _, query = rest.partition("?")
    if scheme == UNIX:
        return _unix(text, rest, query)
    topology, encrypted = _SCHEMES[scheme]
    authority, _, path = rest.partition("/")
    if "@" in path or "@" in query:
        _refuse(f"a password ends before the host; {_ENCODED}")
    userinfo, _, hosts = authority.rpartition("@")
    # The text before the host may hold a password, so no error message quotes a part of it.
    nodes = tuple(_node(host, topology) for host in hosts.split(","))
    if len(nodes) > 1 and topology is Topology.SINGLE:
        _refuse(f"several hosts: write {_SHAPES[Topology.SENTINEL]} or {_SHAPES[Topology.CLUSTER]}")
    options = read_options(query, encrypted=encrypted, watched=topology is Topology.SENTINEL)
    primary, database = _place(topology, path, options.database)
    return Address(
        topology=topology,
        nodes=nodes,
        primary=primary,
        database=database,
        credentials=_credentials(userinfo, options.username, options.password),
        sentinel_credentials=Credentials(username=options.sentinel_username, password=options.sentinel_password),
        encryption=options.encryption if encrypted else None,
        keepalive=options.keepalive,
        program=options.program,
        url=text,
    )


def _unix(text: str, rest: str, query: str) -> Address:
    userinfo, slash, path = rest.partition("/")
    socket = decode(slash + path)
    if not path or (userinfo and not userinfo.endswith("@")):
        _refuse(f"name the socket by its whole path: {_UNIX_SHAPE}")
    if socket is None or "\0" in socket or len(socket.encode()) > LONGEST_SOCKET_PATH_BYTES:
        _refuse(f"the path of a socket has at most {LONGEST_SOCKET_PATH_BYTES} bytes, in UTF-8")
    options = read_options(query, encrypted=False, watched=False)
    return Address(
        topology=Topology.SINGLE,
        nodes=(),
        socket=socket,
        database=options.database or 0,
        credentials=_credentials(userinfo.removesuffix("@"), options.username, options.password),
        program=options.program,
        url=text,
    )


def _credentials(userinfo: str, username: str, password: str) -> Credentials:
    """Return the credentials before the host, or else those in the options."""
    if not userinfo:
        return Credentials(username=username, password=password)
    if username or password:
        _refuse("it has a user or a password twice: before the host, and as an option")
    name, _, secret = userinfo.partition(":")
    found = decode(name), decode(secret)
    if found[0] is None or found[1] is None:
        _refuse("the user name or the password is not UTF-8 once its % are decoded; write % as %25")
    return Credentials(username=found[0], password=found[1])


def _place(topology: Topology, path: str, option: int | None) -> tuple[str, int]:
    """Return the name of the primary (empty without Sentinels) and the number of the database."""
    parts = path.removesuffix("/").split("/") if path.removesuffix("/") else []
    primary = ""
    if topology is Topology.SENTINEL:
        primary = decode(parts.pop(0) if parts else "") or ""
        if not primary:
            _refuse(f"name the primary that the Sentinels watch: {_SHAPES[topology]}")
    database = _database(topology, parts, option)
    if topology is Topology.CLUSTER and database:
        _refuse(f"a cluster has no other database than 0; write {_SHAPES[topology]}")
    return primary, database


def _database(topology: Topology, parts: Sequence[str], option: int | None) -> int:
    if not parts:
        return option or 0
    if len(parts) > 1 or not _DIGITS.fullmatch(parts[0]):
        _refuse(f"its path is not the number of a database; write {_SHAPES[topology]}")
    if option not in (None, int(parts[0])):
        _refuse("it names two databases: in its path, and as db")
    return int(parts[0])


def _node(text: str, topology: Topology) -> Node:
    """Parse a host with or without a port; an IPv6 address is in brackets."""
    shape = f"write {_SHAPES[topology]}"
    if text.count(":") > 1 and not text.startswith("["):
        _refuse(f"a host has one port, and an IPv6 address stands in brackets: redis://[::1]:6379/0; {_ENCODED}")
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = text, str(_USUAL_PORTS[topology])
    if not host:
        _refuse(f"every server needs a host; {shape}")
    if not (_IPV6.fullmatch(host) if host.startswith("[") else _is_host_name(host)):
        _refuse(f"a host is a name or an address, and an IPv6 address stands in brackets; {shape}; {_ENCODED}")
    if not _DIGITS.fullmatch(port) or not 0 < int(port) <= 65_535:
        _refuse(f"a port is a number from 1 to 65535; {shape}; {_ENCODED}")
    return Node(host.removeprefix("[").removesuffix("]"), int(port))


def _is_host_name(host: str) -> bool:
    labels = host.removesuffix(".").split(".")
    return bool(_NAME.fullmatch(host)) and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def _refuse(sentence: str) -> Never:
    raise Unreadable(sentence)
