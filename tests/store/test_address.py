"""URLs of several servers, taken apart: what is asked of them, and what each single server is reached by."""

import pytest

from redisched.store.address import Node, Topology, parse_address
from redisched.store.broker import connect


@pytest.mark.parametrize("url", ["redis://host:6379/0", "rediss://user:secret@host", "unix:///a/socket?db=2"])
def test_the_url_of_one_server_is_none_of_several(url: str) -> None:
    assert parse_address(url) is None


def test_sentinels_and_the_primary_they_watch() -> None:
    address = parse_address("redis+sentinel://user:se%40cret@one:5000,two,[::1]:5001/tasks/3?ssl_ca_certs=/a%20b")

    assert address is not None
    assert address.topology is Topology.SENTINEL
    assert address.nodes == (Node("one", 5000), Node("two", 26379), Node("::1", 5001))
    assert address.primary == "tasks"
    assert address.url_of(Node("::2", 1)) == "redis://user:se%40cret@[::2]:1/3?ssl_ca_certs=%2Fa+b"
    assert address.sentinel_url_of(Node("one", 5000)) == "redis://one:5000?ssl_ca_certs=%2Fa+b"


def test_sentinels_have_passwords_of_their_own() -> None:
    url = "rediss+sentinel://:secret@one/tasks?sentinel_username=watch&sentinel_password=%2Fother"

    address = parse_address(url)

    assert address is not None
    assert address.sentinel_url_of(Node("one", 26379)) == "rediss://watch:%2Fother@one:26379?"
    assert address.url_of(Node("two", 1)) == "rediss://:secret@two:1/0?"


@pytest.mark.parametrize("path", ["", "/", "/0"])
def test_a_cluster_has_one_database(path: str) -> None:
    address = parse_address(f"rediss+cluster://user:secret@one,two:7000{path}")

    assert address is not None
    assert address.nodes == (Node("one", 6379), Node("two", 7000))
    assert address.url_of(address.nodes[1]) == "rediss://user:secret@two:7000/0?"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis+sentinel://one,two", "name the primary"),
        ("redis+sentinel://one/tasks/first", "name the primary"),
        ("redis+sentinel://one/tasks/0/1", "name the primary"),
        ("redis+sentinel:///tasks", "every server needs a host"),
        ("redis+sentinel://one:port/tasks", "every server needs a host"),
        ("redis+sentinel://one,,two/tasks", "every server needs a host"),
        ("redis+cluster://one:65536", "every server needs a host"),
        ("redis+cluster://one/3", "no other database than 0"),
        ("redis+clusters://one", "redis[+]cluster"),
        ("http+cluster://one", "redis[+]cluster"),
        ("redis+cluster://one?socket_timeout=soon", "socket_timeout"),
    ],
)
def test_a_url_that_is_none_is_told(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        connect(url, 1.0)
