"""Parsing of URLs: where they lead, and which are refused with a sentence before a connection is opened."""

import traceback

import pytest

from redisched.address import Address, Node, Topology
from redisched.errors import InvalidOption
from redisched.url import parse_address, text_of_url

SECRET = "m4rk3r"


def refusal(url: str) -> InvalidOption:
    with pytest.raises(InvalidOption) as caught:
        parse_address(url)
    return caught.value


@pytest.mark.parametrize("scheme", ["redis", "valkey", "REDIS", "Valkey"])
@pytest.mark.parametrize("end", ["", "/", "/0", "/0/"])
def test_a_url_of_one_server(scheme: str, end: str) -> None:
    address = parse_address(f"{scheme}://host{end}")

    assert address.topology is Topology.SINGLE
    assert address.nodes == (Node("host", 6379),)
    assert (address.database, address.encryption) == (0, None)
    assert str(address) == "redis://host:6379/0"


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
def test_a_url_of_one_server_with_tls(scheme: str) -> None:
    address = parse_address(
        f"{scheme}://user:secret@[::1]:7000/3?ssl_ca_certs=/a%20b&ssl_cert_reqs=CERT_OPTIONAL&ssl_check_hostname=no"
    )

    assert address.nodes == (Node("::1", 7000),)
    assert address.database == 3
    assert address.encryption is not None
    assert address.encryption.ca_certs == "/a b"
    assert address.encryption.cert_reqs == "optional"
    assert not address.encryption.check_hostname
    assert str(address) == "rediss://[::1]:7000/3"


@pytest.mark.parametrize("url", ["unix://us:se%40cret@/a/s%20ocket?db=2", "unix:///a/s ocket?db=2".replace(" ", "%20")])
def test_a_url_of_a_unix_socket(url: str) -> None:
    address = parse_address(url)

    assert (address.socket, address.nodes, address.database) == ("/a/s ocket", (), 2)
    assert address.server(None).socket == "/a/s ocket"


CREDENTIALS: dict[str, tuple[str, str, str]] = {
    "a password alone": ("redis://:secret@host", "", "secret"),
    "a user alone": ("redis://user@host", "user", ""),
    "both": ("redis://user:secret@host", "user", "secret"),
    "with a colon": ("redis://user:se:cret@host", "user", "se:cret"),
    "with an at": ("redis://user:se@cret@host", "user", "se@cret"),
    "encoded": ("redis://us%2Fer:se%40c%23r%2Fe%3Ft%25@host", "us/er", "se@c#r/e?t%"),
    "a percent that encodes nothing": ("redis://:50%off@host", "", "50%off"),
    "as options": ("redis://host?username=user&password=se%2Bc+ret", "user", "se+c ret"),
    "of a socket, as options": ("unix:///a?password=secret", "", "secret"),
    "of a cluster": ("redis+cluster://user:secret@one,two", "user", "secret"),
}


@pytest.mark.parametrize(("url", "username", "password"), CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_url_with_credentials(url: str, username: str, password: str) -> None:
    credentials = parse_address(url).credentials

    assert (credentials.username, credentials.password) == (username, password)


@pytest.mark.parametrize("scheme", ["redis+sentinel", "valkey+sentinel", "REDIS+Sentinel"])
def test_a_url_of_sentinels_and_their_primary(scheme: str) -> None:
    address = parse_address(f"{scheme}://user:se%40cret@one:5000,two,[::1]:5001/tasks/3")

    assert address.topology is Topology.SENTINEL
    assert address.nodes == (Node("one", 5000), Node("two", 26379), Node("::1", 5001))
    assert address.primary == "tasks"
    primary, sentinel = address.server(Node("::2", 1)), address.sentinel(Node("one", 5000))
    assert (primary.database, primary.credentials.password) == (3, "se@cret")
    assert (sentinel.database, sentinel.credentials.password) == (0, ""), "Sentinels have no databases"
    assert str(address) == "redis+sentinel://one:5000,two:26379,[::1]:5001/tasks/3"


def test_sentinels_can_have_passwords_of_their_own() -> None:
    address = parse_address("rediss+sentinel://:secret@one/tasks?sentinel_username=watch&sentinel_password=%2Fother")

    sentinel = address.sentinel(Node("one", 26379))
    assert (sentinel.credentials.username, sentinel.credentials.password) == ("watch", "/other")
    assert sentinel.encryption is not None
    assert address.server(Node("two", 1)).credentials.password == "secret"


@pytest.mark.parametrize("path", ["", "/", "/0", "?db=0"])
@pytest.mark.parametrize("scheme", ["rediss+cluster", "valkeys+cluster"])
def test_a_cluster_has_one_database(scheme: str, path: str) -> None:
    address = parse_address(f"{scheme}://user:secret@one,two:7000{path}")

    assert address.nodes == (Node("one", 6379), Node("two", 7000))
    assert address.server(Node("two", 7000)).encryption is not None


@pytest.mark.parametrize("url", ["redis://host", "unix:///a", "redis+sentinel://host/tasks", "redis+cluster://host"])
def test_a_url_may_name_the_program(url: str) -> None:
    assert parse_address(f"{url}?client_name=shop").server(None).program == "shop"


def test_a_line_read_from_a_file_is_a_url() -> None:
    assert parse_address(" redis://host/1\n").database == 1


REFUSED: list[tuple[str, str]] = [
    ("", "it is empty"),
    (" \n", "it is empty"),
    ("'redis://host'", "quotation marks"),
    ("redis://ho st", "a space"),
    ("redis://host\n:1", "a control character"),
    ("localhost:6379", "it has no scheme; write redis://host:6379/0"),
    ("localhost", "it has no scheme"),
    ("http://host", "the schemes are redis, "),
    ("redis+clusters://one", r"did you mean redis\+cluster://"),
    ("rediss+sentinal://one", r"did you mean rediss\+sentinel://"),
    ("redis://host:0", "a port is a number from 1 to 65535"),
    ("redis://host:70000", "a port is a number"),
    ("redis://host:port", "a port is a number"),
    ("redis://host:", "a port is a number"),
    ("redis://host:-1", "a port is a number"),
    ("redis://", "every server needs a host"),
    ("redis:///0", "every server needs a host"),
    ("redis://:6379", "every server needs a host"),
    ("redis://user:secret@", "every server needs a host"),
    ("redis://::1:6379", "an IPv6 address stands in brackets"),
    ("redis://[::1", "an IPv6 address stands in brackets"),
    ("redis://[host]:1", "an IPv6 address stands in brackets"),
    ("redis://a..b", "a host is a name"),
    ("redis://" + 64 * "a", "a host is a name"),
    ("redis://one,two", r"redis\+sentinel://.* or redis\+cluster://"),
    ("redis://host/zero", "its path is not the number of a database"),
    ("redis://host/0/1", "its path is not the number"),
    ("redis://host/-1", "its path is not the number"),
    ("redis://host/0x1", "its path is not the number"),
    ("redis://host/\N{ARABIC-INDIC DIGIT ONE}", "its path is not the number"),
    ("redis://host/1?db=2", "two databases"),
    ("redis://host?db=abc", "db is the number of a database"),
    ("redis://host?db=-1", "db is the number of a database"),
    ("redis://host?db=", "the option db has no value"),
    ("redis://host?db", "the option db has no value"),
    ("redis://host?db=1&db=1", "the option db twice"),
    ("redis://host?decode_responses=true", "decode_responses is not for a URL of redisched"),
    ("redis://host?socket_timeout=0.2", "set timeout_s in Settings"),
    ("redis://host?max_connections=9", "set max_connections in Settings"),
    ("redis://host?protocol=3", "it speaks RESP2"),
    ("redis://host?client_name=my%20shop", "client_name is 1 to 40 letters"),
    ("redis://host?ssl=true", "write rediss://"),
    ("redis://host?retry_on_timeout=yes", "repeated"),
    ("redis://host?health_check_interval=9", "a lost connection is noticed"),
    ("redis://host?family=0", "an unknown option; there are client_name, db, "),
    ("redis://host?sockt_keepalive=1", r"did you mean socket_keepalive\?"),
    ("redis://host?socket_keepalive=maybe", "socket_keepalive is true or false"),
    ("redis://host?ssl_ca_certs=/a", "for encrypted connections; write rediss://"),
    ("rediss://host?ssl_cert_reqs=maybe", "ssl_cert_reqs is one of required, optional, none"),
    ("rediss://host?ssl_check_hostname=maybe", "ssl_check_hostname is true or false"),
    ("rediss://host?ssl_min_version=1.1", "ssl_min_version is one of 1.2, 1.3"),
    ("rediss://host?ssl_keyfile=/a", "needs ssl_certfile"),
    ("rediss://host?ssl_ca_cert=/a", r"did you mean ssl_ca_certs\?"),
    ("redis://host?sentinel_password=secret", r"is for redis\+sentinel://"),
    ("redis://:secret@host?password=other", "a password twice"),
    ("redis://:se#cret@host", "write / as %2F"),
    ("redis://:se/cret@host", "write / as %2F"),
    ("redis://:se?cret@host", "write / as %2F"),
    ("redis://:secret", "every server needs a host"),
    ("redis://host#0", "no part after a #"),
    ("redis://:%ff@host", "not UTF-8"),
    ("unix://a/socket", "by its whole path"),
    ("unix://", "by its whole path"),
    ("unix:///a%00b", "the path of a socket"),
    ("unix:///" + 107 * "a", "the path of a socket"),
    ("unix:///a?db=abc", "db is the number of a database"),
    ("redis+sentinel://one,two", "name the primary"),
    ("redis+sentinel://one/tasks/first", "not the number of a database"),
    ("redis+sentinel://one/tasks/0/1", "not the number of a database"),
    ("redis+sentinel:///tasks", "every server needs a host"),
    ("redis+sentinel://one:port/tasks", "a port is a number"),
    ("redis+sentinel://one,,two/tasks", "every server needs a host"),
    ("redis+cluster://one:65536", "a port is a number"),
    ("redis+cluster://one/3", "no other database than 0"),
    ("redis+cluster://one?db=3", "no other database than 0"),
    ("redis+cluster://one?read_from_replicas=true", "every command goes to a primary"),
    ("redis+cluster://one?socket_timeout=soon", "socket_timeout"),
]


@pytest.mark.parametrize(("url", "said"), REFUSED, ids=[url[:40] for url, _ in REFUSED])
def test_an_invalid_url_is_refused_with_a_sentence(url: str, said: str) -> None:
    with pytest.raises(InvalidOption, match=said) as caught:
        parse_address(url)
    assert "\n" not in str(caught.value)


SECRETIVE = [
    f"redis://:{SECRET}#x@h/0",
    f"redis://:{SECRET}/x@h/0",
    f"redis://:{SECRET}?x@h/0",
    f"redis://:{SECRET}?{SECRET}={SECRET}",
    f"redis://h:{SECRET}",
    f"redis://h/{SECRET}",
    f"redis://{SECRET}:{SECRET}@h:{SECRET}/0",
    f"redis://:{SECRET}@h?{SECRET}",
    f"redis://:{SECRET}@h?{SECRET}=1",
    f"redis://h?password={SECRET}&password={SECRET}",
    f"redis://:{SECRET}@h?password={SECRET}",
    f"rediss://h?ssl_password={SECRET}&ssl_keyfile=/a",
    f"redis://h?ssl_password={SECRET}",
    f"redis+sentinel://h?sentinel_password={SECRET}",
    f"redis://h?sentinel_password={SECRET}",
    f"unix://:{SECRET}/path",
    f"unix://:{SECRET}@h/path",
    f"{SECRET}://h",
    f"{SECRET}@h",
    f"h:6379:{SECRET}",
    f"redis://:{SECRET}%ff@h",
    f"redis://:{SECRET} @h",
    f"'redis://:{SECRET}@h",
]


@pytest.mark.parametrize("url", SECRETIVE)
def test_the_error_of_an_invalid_url_does_not_show_it(url: str) -> None:
    error = refusal(url)

    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + repr(error.value)
    while error.__context__ is not None:
        error = error.__context__  # type: ignore[assignment]
        shown += repr(error) + str(error)
    assert SECRET not in shown


def test_neither_an_address_nor_its_parts_show_secrets() -> None:
    address: Address = parse_address(
        f"rediss+sentinel://{SECRET}:{SECRET}@h/tasks/1?sentinel_username={SECRET}&sentinel_password={SECRET}"
        f"&ssl_password={SECRET}&ssl_certfile=/a"
    )

    for part in (address, address.server(Node("h", 1)), address.sentinel(Node("h", 1)), address.encryption):
        assert SECRET not in f"{part} {part!r}"


class Dsn:
    """A URL object like those of pydantic and yarl."""

    def __str__(self) -> str:
        return "redis://host/1"


class Hidden:
    """A secret like pydantic's SecretStr."""

    def __str__(self) -> str:
        return "**********"

    def get_secret_value(self) -> Dsn:
        return Dsn()


@pytest.mark.parametrize("url", ["redis://host/1", Dsn(), Hidden()], ids=["text", "object", "secret"])
def test_an_object_that_turns_into_a_url_is_accepted(url: object) -> None:
    assert text_of_url(url) == "redis://host/1"


NO_URLS = [b"redis://h", bytearray(b"redis://h"), 5, None, ["redis://h"], {"redis://h": 1}, object(), Dsn]


@pytest.mark.parametrize("url", NO_URLS, ids=lambda url: type(url).__name__)
def test_an_object_that_does_not_turn_into_a_url_is_refused(url: object) -> None:
    with pytest.raises(InvalidOption, match="a text such as redis://"):
        text_of_url(url)
