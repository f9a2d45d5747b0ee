"""Connections are greeted in one round trip, and say which program, process and part they belong to."""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.embedded import Transport
from redisched.errors import BrokerRefused
from redisched.store.broker import Broker, connect
from redisched.store.connections import connection_name
from tests.brokers import REAL, BrokerKind, Servers

pytestmark = [pytest.mark.differs_by_server, pytest.mark.differs_by_routing]


def names_at(broker: Broker) -> set[str]:
    """What the connections of a server are called."""
    client = broker.open_client("asking")
    listed = [primary.perform(("CLIENT", "LIST")).decode() for primary in client.primaries().values()]
    client.close()
    return {word.removeprefix("name=") for line in listed for word in line.split() if word.startswith("name=")}


@pytest.mark.parametrize("kind", REAL)
def test_every_connection_names_its_program(
    servers: Servers, kind: BrokerKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/srv/my shop.py", "--url", "redis://:secret@host"])
    broker = connect(servers.url(kind), 5.0)
    renewer = broker.open_client("renewer")
    renewer.perform(("GET", "a"))
    broker.client().perform(("GET", "a"))

    async def list_names() -> set[str]:
        listener = broker.open_async_client(5.0, "listener")
        await listener.perform(("GET", "a"))
        found = await asyncio.to_thread(names_at, broker)
        await listener.close()
        return found

    found = asyncio.run(list_names())

    process = os.getpid()
    assert {f"redisched:my-shop:{process}:{part}" for part in ("renewer", "shared", "listener", "asking")} <= found
    renewer.close()
    broker.close()


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("shop.py", "shop"),
        ("/srv/shop/__main__.py", "shop"),
        ("shop:app", "shop-app"),
        ("caf\N{LATIN SMALL LETTER E WITH ACUTE} & co\n.py", "caf-co"),
        ("-c", "c"),
        ("", "python"),
        (100 * "a", 40 * "a"),
    ],
)
def test_any_program_has_a_name(monkeypatch: pytest.MonkeyPatch, program: str, name: str) -> None:
    monkeypatch.setattr(sys, "argv", [program])

    assert connection_name("", "renewer") == f"redisched:{name}:{os.getpid()}:renewer"


def test_a_program_without_arguments_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [])

    assert connection_name("", "renewer") == f"redisched:python:{os.getpid()}:renewer"


@pytest.fixture
def guarded() -> Iterator[Server]:
    """A server with a password, and a user who may do little."""
    with Server(transport=Transport.LOOPBACK, arguments=("--requirepass", "secret")) as server:
        host, port = server.address
        client = connect(f"redis://:secret@{host}:{port}", 5.0).client()
        client.perform(("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+get", "+select"))
        client.close()
        yield server


def perform_both_ways(url: str) -> list[object]:
    """The replies to one command, blocking and under asyncio."""
    broker = connect(url, 5.0)

    async def perform() -> object:
        try:
            return await broker.async_client().perform(("GET", "a"))
        finally:
            await broker.close_async()

    try:
        return [broker.client().perform(("GET", "a")), asyncio.run(perform())]
    finally:
        broker.close()


def test_a_user_without_the_right_to_name_connections_can_work(guarded: Server) -> None:
    assert perform_both_ways("redis://reader:secret@{}:{}/3".format(*guarded.address)) == [None, None]


@pytest.mark.parametrize(
    ("credentials", "database"), [("reader:wrong@", 0), ("reader:secret@", 99), ("", 0)], ids=["pass", "db", "none"]
)
def test_a_user_that_is_not_let_in_gets_the_reason(guarded: Server, credentials: str, database: int) -> None:
    with pytest.raises(BrokerRefused):
        perform_both_ways(f"redis://{credentials}{guarded.url.removeprefix('redis://').partition('/')[0]}/{database}")


def test_a_greeting_is_one_round_trip(tmp_path: Path) -> None:
    arrivals: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                # Nothing is answered before the whole greeting has come.
                while sum(part.count(b"*") for part in arrivals) < 3:
                    arrivals.append(connection.recv(4096))
                connection.sendall(b"+OK\r\n+OK\r\n+OK\r\n")
                connection.recv(4096)
                connection.sendall(b"$-1\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        broker = connect(f"unix://user:secret@{tmp_path}/s?db=3", 5.0)

        assert broker.client().perform(("GET", "a")) is None
        thread.join()
        broker.close()
    assert [word for word in (b"AUTH", b"SELECT", b"SETNAME", b"SETINFO") if word in b"".join(arrivals)] == [
        b"AUTH",
        b"SELECT",
        b"SETNAME",
    ]
