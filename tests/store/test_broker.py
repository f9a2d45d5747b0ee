"""Every answer of a server, and every way of not answering, is an error of our own tree; nothing is sent twice."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redisched.errors import AccessDenied, BrokerError, BrokerRefused, BrokerUnavailable, QueueFull
from redisched.store.broker import Broker, connect
from redisched.store.operation import Command, Redirected, ScriptMissing, ScriptRejected
from tests.brokers import EVERY, TIMEOUT_S, BrokerKind, Servers
from tests.store.line_server import SILENCE, LineServer

pytestmark = [pytest.mark.differs_by_server, pytest.mark.differs_by_routing]

Perform = Callable[[Broker, Command], Any]


def perform_blocking(broker: Broker, command: Command) -> Any:
    return broker.client().perform(command)


def perform_under_asyncio(broker: Broker, command: Command) -> Any:
    async def perform() -> Any:
        try:
            return await broker.async_client().perform(command)
        finally:
            await broker.close_async()

    return asyncio.run(perform())


both_ways = pytest.mark.parametrize("perform", [perform_blocking, perform_under_asyncio])

WITHIN_A_SCRIPT_ON_REDIS_6 = "ERR Error running script (call to f_12ab): @user_script:12: @user_script: 12: -"

ANSWERS: list[tuple[str, type[BrokerError]]] = [
    ("OOM command not allowed when used memory > 'maxmemory'.", QueueFull),
    ("OOM command not allowed when used memory > 'maxmemory'. script: 12ab, on @user_script:5.", QueueFull),
    (f"{WITHIN_A_SCRIPT_ON_REDIS_6}OOM command not allowed when used memory > 'maxmemory'.", QueueFull),
    ("LOADING Redis is loading the dataset in memory", BrokerUnavailable),
    ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", BrokerUnavailable),
    ("UNKILLABLE Sorry the script already executed write commands against the dataset.", BrokerUnavailable),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", BrokerUnavailable),
    ("READONLY You can't write against a read only replica.", BrokerUnavailable),
    ("READONLY You can't write against a read only replica. script: 12ab, on @user_script:5.", BrokerUnavailable),
    (f"{WITHIN_A_SCRIPT_ON_REDIS_6}READONLY You can't write against a read only replica.", BrokerUnavailable),
    ("NOREPLICAS Not enough good replicas to write.", BrokerUnavailable),
    ("MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.", BrokerUnavailable),
    (f"{WITHIN_A_SCRIPT_ON_REDIS_6}MISCONF Redis is configured to save RDB snapshots.", BrokerUnavailable),
    ("CLUSTERDOWN The cluster is down", BrokerUnavailable),
    ("TRYAGAIN Multiple keys request during rehashing of slot", BrokerUnavailable),
    ("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", BrokerUnavailable),
    ("ERR WAIT cannot be used with replica instances. Please also note that if a replica is", BrokerUnavailable),
    ("MOVED 3999 127.0.0.1:6381", Redirected),
    ("ASK 3999 127.0.0.1:6381", Redirected),
    ("ERR max number of clients reached", BrokerUnavailable),
    ("NOSCRIPT No matching script. Please use EVAL.", ScriptMissing),
    ("ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'", ScriptRejected),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", BrokerRefused),
    ("ERR unknown command 'GETT', with args beginning with: 'a'", BrokerRefused),
    ("ERR value is not an integer or out of range", BrokerRefused),
    ("NOAUTH Authentication required.", AccessDenied),
    ("WRONGPASS invalid username-password pair or user is disabled.", AccessDenied),
    ("NOPERM User worker has no permissions to run the 'get' command", AccessDenied),
    ("BUSYGROUP Consumer Group name already exists", BrokerRefused),
]


@both_ways
@pytest.mark.parametrize(("answer", "expected"), ANSWERS, ids=[answer[:70] for answer, _ in ANSWERS])
def test_every_answer_of_a_server_is_the_right_error(
    tmp_path: Path, perform: Perform, answer: str, expected: type[BrokerError]
) -> None:
    with LineServer(tmp_path, [f"-{answer}\r\n".encode()]) as server:
        broker = connect(server.url, TIMEOUT_S)
        with pytest.raises(BrokerError) as failed:
            perform(broker, ("GET", "a"))
        broker.close()

    assert type(failed.value) is expected
    assert server.commands == [[b"GET", b"a"]]


@both_ways
def test_of_a_replica_the_error_says_what_the_url_must_name(tmp_path: Path, perform: Perform) -> None:
    with LineServer(tmp_path, [b"-READONLY You can't write against a read only replica.\r\n"]) as server:
        broker = connect(server.url, TIMEOUT_S)
        with pytest.raises(BrokerUnavailable, match="read only replica; the URL must name the primary"):
            perform(broker, ("SET", "a", "1"))
        broker.close()


@both_ways
def test_a_refusal_names_the_command_and_the_reason(tmp_path: Path, perform: Perform) -> None:
    with LineServer(tmp_path, [b"-WRONGTYPE wrong kind of value\r\n"]) as server:
        broker = connect(server.url, TIMEOUT_S)
        with pytest.raises(BrokerRefused, match=r"Redis refused GET a: .*wrong kind of value"):
            perform(broker, ("GET", "a"))
        broker.close()


@both_ways
@pytest.mark.parametrize("reply", [SILENCE, b"$5\r\nhal"], ids=["silence", "half a reply"])
def test_a_command_that_is_not_answered_in_time_is_not_sent_again(
    tmp_path: Path, perform: Perform, reply: bytes | None
) -> None:
    with LineServer(tmp_path, [reply]) as server:
        broker = connect(server.url, 0.05)
        with pytest.raises(BrokerUnavailable):
            perform(broker, ("INCR", "a"))
        broker.close()

    assert server.commands == [[b"INCR", b"a"]]


def test_a_late_reply_is_not_used_for_the_next_command(tmp_path: Path) -> None:
    with LineServer(tmp_path, [SILENCE, b":2\r\n"]) as server:
        broker = connect(server.url, 0.05)
        with pytest.raises(BrokerUnavailable):
            broker.client().perform(("INCR", "a"))

        assert broker.client().perform(("INCR", "b")) == 2
        broker.close()

    assert server.connections == 2


def test_after_an_error_reply_the_connection_is_used_again(tmp_path: Path) -> None:
    with LineServer(tmp_path, [b"-ERR no\r\n", b":2\r\n"]) as server:
        broker = connect(server.url, TIMEOUT_S)
        with pytest.raises(BrokerRefused):
            broker.client().perform(("INCR", "a"))

        assert broker.client().perform(("INCR", "b")) == 2
        broker.close()

    assert server.connections == 1


def test_a_cancelled_command_closes_its_connection(tmp_path: Path) -> None:
    async def cancel_one_and_perform_another(broker: Broker) -> Any:
        client = broker.async_client()
        given_up = asyncio.create_task(client.perform(("INCR", "a")))
        assert await asyncio.to_thread(server.asked.wait, TIMEOUT_S)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        reply = await client.perform(("INCR", "b"))
        await broker.close_async()
        return reply

    with LineServer(tmp_path, [SILENCE, b":2\r\n"]) as server:
        assert asyncio.run(cancel_one_and_perform_another(connect(server.url, TIMEOUT_S))) == 2

    assert server.connections == 2


@both_ways
def test_an_address_without_a_server_is_unavailable(tmp_path: Path, perform: Perform) -> None:
    broker = connect(f"unix://{tmp_path}/nothing", TIMEOUT_S)

    with pytest.raises(BrokerUnavailable, match="safely be repeated"):
        perform(broker, ("GET", "a"))


@both_ways
@pytest.mark.parametrize("kind", EVERY)
def test_replies_are_not_converted(servers: Servers, kind: BrokerKind, perform: Perform) -> None:
    broker = servers.broker(kind)

    assert perform(broker, ("HSET", "h", "f", b"\x00\xff")) == 1
    assert perform(broker, ("HGETALL", "h")) == [b"f", b"\x00\xff"]
    assert perform(broker, ("GET", "missing")) is None
    assert perform(broker, ("SET", "s", 2**53)) == b"OK"
    assert perform(broker, ("GET", "s")) == str(2**53).encode()
    broker.close()


def test_a_client_reconnects_as_often_as_needed(servers: Servers) -> None:
    broker = connect(servers.url(BrokerKind.VALKEY), TIMEOUT_S)
    client = broker.open_client("test")

    for _ in range(101):  # the pool beneath makes 100 if it is not told otherwise, and counts those that are closed
        assert client.perform(("ECHO", "a")) == b"a"
        client.close()
