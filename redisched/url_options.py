"""Parses the options of a URL, checks their values, and says why some options of client libraries are refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Never

from redisched.lazy import LazyModule
from redisched.percent import decode

if TYPE_CHECKING:
    import difflib
else:
    difflib = LazyModule("difflib")

VERIFICATIONS = ("required", "optional", "none")
VERSIONS = ("1.2", "1.3")
_PROGRAM = re.compile(r"[A-Za-z0-9._-]{1,40}")
_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})
_FALSE = frozenset({"0", "false", "no", "off", "f", "n"})
_ENCRYPTION = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_certfile",
        "ssl_cert_reqs",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_keyfile",
        "ssl_min_version",
        "ssl_password",
    }
)
_SENTINEL = frozenset({"sentinel_username", "sentinel_password"})
_GENERAL = frozenset({"client_name", "db", "username", "password", "socket_keepalive"})
_OURS = {
    "decode_responses": "replies are read as bytes",
    "encoding": "texts are UTF-8",
    "encoding_errors": "texts are UTF-8",
    "health_check_interval": "a lost connection is noticed by the command that needs it",
    "max_connections": "set max_connections in Settings",
    "protocol": "it speaks RESP2",
    "read_from_replicas": "every command goes to a primary",
    "retry": "calls are repeated for Settings.timeout_s",
    "retry_on_error": "calls are repeated for Settings.timeout_s",
    "retry_on_timeout": "calls are repeated for Settings.timeout_s",
    "socket_connect_timeout": "set timeout_s in Settings",
    "socket_timeout": "set timeout_s in Settings",
    "ssl": "write rediss:// for an encrypted connection",
    "timeout": "set timeout_s in Settings",
}
"""Options of client libraries that redisched does not accept, each with the reason."""


class Unreadable(Exception):
    """Raised when a URL cannot be parsed. The text says why, and holds no part of the URL that may be secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """The TLS options. By default, the system's certificate authorities are trusted and the host name is checked."""

    ca_certs: str | None = None
    ca_path: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    password: str | None = field(default=None, repr=False)
    cert_reqs: str = VERIFICATIONS[0]
    check_hostname: bool = True
    min_version: str = VERSIONS[0]
    ciphers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlOptions:
    """The options of a URL. Without the option, `database` is None and `program` empty."""

    database: int | None
    username: str = field(repr=False)
    password: str = field(repr=False)
    sentinel_username: str = field(repr=False)
    sentinel_password: str = field(repr=False)
    encryption: Encryption
    keepalive: bool
    program: str


def read_options(query: str, *, encrypted: bool, watched: bool) -> UrlOptions:
    """Parse the query of a URL. `encrypted` and `watched` allow the options for TLS and for Sentinels.

    Raises Unreadable.
    """
    allowed = _GENERAL | (_ENCRYPTION if encrypted else set()) | (_SENTINEL if watched else set())
    given = _split(query, allowed)
    return UrlOptions(
        database=_database(given),
        username=given.get("username", ""),
        password=given.get("password", ""),
        sentinel_username=given.get("sentinel_username", ""),
        sentinel_password=given.get("sentinel_password", ""),
        encryption=_encryption(given),
        keepalive=_truth(given, "socket_keepalive", "false"),
        program=_program(given),
    )


def _split(query: str, allowed: frozenset[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name not in allowed:
            _refuse(_why_not(name, allowed))
        if name in given:
            _refuse(f"it has the option {name} twice")
        found = decode(value.replace("+", " "))
        if not found:
            _refuse(f"the option {name} has no value, or none in UTF-8")
        given[name] = found
    return given


def _why_not(name: str, allowed: frozenset[str]) -> str:
    """Return why an option is refused. Only a known name is quoted: another text may be a part of a password."""
    if name in _OURS:
        return f"the option {name} is not for a URL of redisched: {_OURS[name]}"
    if name in _ENCRYPTION:
        return f"the option {name} is for encrypted connections; write rediss://, or leave it out"
    if name in _SENTINEL:
        return f"the option {name} is for redis+sentinel://"
    near = difflib.get_close_matches(name, [*allowed, *_OURS], 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"it has an unknown option; {hint}there are {', '.join(sorted(allowed))}"


def _encryption(given: Mapping[str, str]) -> Encryption:
    verification = given.get("ssl_cert_reqs", VERIFICATIONS[0]).lower().removeprefix("cert_")
    if verification not in VERIFICATIONS:
        _refuse(f"the option ssl_cert_reqs is one of {', '.join(VERIFICATIONS)}")
    version = given.get("ssl_min_version", VERSIONS[0]).lower().removeprefix("tlsv").replace("_", ".")
    if version not in VERSIONS:
        _refuse(f"the option ssl_min_version is one of {', '.join(VERSIONS)}")
    if "ssl_keyfile" in given and "ssl_certfile" not in given:
        _refuse("the option ssl_keyfile needs ssl_certfile, too")
    return Encryption(
        ca_certs=given.get("ssl_ca_certs"),
        ca_path=given.get("ssl_ca_path"),
        certfile=given.get("ssl_certfile"),
        keyfile=given.get("ssl_keyfile"),
        password=given.get("ssl_password"),
        cert_reqs=verification,
        check_hostname=verification != "none" and _truth(given, "ssl_check_hostname", "true"),
        min_version=version,
        ciphers=given.get("ssl_ciphers"),
    )


def _database(given: Mapping[str, str]) -> int | None:
    text = given.get("db")
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        _refuse("the option db is the number of a database")
    return int(text)


def _program(given: Mapping[str, str]) -> str:
    text = given.get("client_name", "")
    if text and not _PROGRAM.fullmatch(text):
        _refuse("the option client_name is 1 to 40 letters, digits, '.', '_' and '-'")
    return text


def _truth(given: Mapping[str, str], name: str, default: str) -> bool:
    text = given.get(name, default).lower()
    if text not in _TRUE | _FALSE:
        _refuse(f"the option {name} is true or false")
    return text in _TRUE


def _refuse(sentence: str) -> Never:
    raise Unreadable(sentence)
