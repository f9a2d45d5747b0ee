"""A private server: a program can kill and restart it, and it ends with the process that started it."""

import os
import signal
from pathlib import Path

import pytest
from redis import Redis

from redisched.embedded import Persistence, PrivateServer, Transport, process
from redisched.errors import ServerStartFailed
from tests.embedded.processes import OWNER, ScriptProcess, is_alive
from tests.waiting import wait_until


@pytest.mark.parametrize("transport", Transport)
def test_a_private_server_answers_at_its_url(binary: Path, transport: Transport) -> None:
    with PrivateServer(binary=binary, transport=transport) as server, Redis.from_url(server.url) as client:
        assert client.ping()
        assert client.info("server")["process_id"] == server.pid


def test_a_killed_server_restarts_with_its_data_at_the_same_url(binary: Path) -> None:
    with PrivateServer(binary=binary, persistence=Persistence.ALWAYS) as server:
        url, first_pid = server.url, server.pid
        with Redis.from_url(url) as client:
            client.set("key", "value")
            server.kill()
            assert server.pid is None

            server.start()

            assert client.get("key") == b"value"
        assert server.url == url
        assert server.pid not in (None, first_pid)


@pytest.mark.parametrize(
    ("persistence", "kept"),
    [(Persistence.NONE, None), (Persistence.EVERYSEC, b"value"), (Persistence.ALWAYS, b"value")],
)
def test_a_restart_keeps_data_as_persistence_is_set(binary: Path, persistence: Persistence, kept: bytes | None) -> None:
    with PrivateServer(binary=binary, persistence=persistence) as server, Redis.from_url(server.url) as client:
        client.set("key", "value")
        server.restart()

        assert client.get("key") == kept


def test_hashes_of_more_than_64_fields_are_stored_as_hash_tables(binary: Path) -> None:
    with PrivateServer(binary=binary) as server, Redis.from_url(server.url) as client:
        client.hset("small", mapping={str(number): number for number in range(64)})
        assert client.object("encoding", "small") == b"listpack"
        client.hset("small", "64", 64)

        assert client.object("encoding", "small") == b"hashtable"


def test_closing_ends_the_server_and_removes_temporary_files() -> None:
    with PrivateServer() as server:
        pid = server.pid
        assert pid is not None
        with Redis.from_url(server.url) as client:
            socket_path = Path(client.config_get("unixsocket")["unixsocket"])
        assert socket_path.is_socket()

    assert not is_alive(pid)
    assert not server.directory.exists()
    assert not socket_path.parent.exists()


def test_a_given_directory_is_kept_when_the_server_closes(tmp_path: Path) -> None:
    with PrivateServer(directory=tmp_path) as server, Redis.from_url(server.url) as client:
        client.set("key", "value")

    with PrivateServer(directory=tmp_path) as server, Redis.from_url(server.url) as client:
        assert client.get("key") == b"value"


def test_a_second_start_does_nothing() -> None:
    with PrivateServer() as server:
        pid = server.pid
        server.start()
        assert server.pid == pid


def test_given_arguments_override_the_defaults(binary: Path) -> None:
    arguments = ("--maxmemory-policy", "allkeys-lru", "--requirepass", "a word")
    with (
        PrivateServer(binary=binary, arguments=arguments) as server,
        Redis.from_url(server.url, password="a word", decode_responses=True) as client,
    ):
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}


def test_the_error_of_a_failed_start_shows_the_log_and_no_files_are_left(binary: Path) -> None:
    server = PrivateServer(binary=binary, arguments=("--no-such-option", "1"))

    with pytest.raises(ServerStartFailed, match="no-such-option"), server:
        pass

    assert server.pid is None
    assert not server.directory.exists()


def test_a_server_that_does_not_react_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_TIMEOUT_S", 0.1)
    with PrivateServer() as server:
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        server.stop()
        assert not is_alive(pid)


def test_a_server_ends_when_its_owner_is_killed() -> None:
    with ScriptProcess(OWNER) as owner:
        pid = int(owner.hear())
        assert is_alive(pid)
        owner.kill()

    wait_until(lambda: not is_alive(pid), "the server is gone")
