"""A pipeline keeps Redis busy, stops at the first error, and leaves its connection fit for use or closes it."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from redisched.errors import BrokerUnavailable
from redisched.store.broker import Broker, connect
from redisched.store.operation import IN_FLIGHT, Command, Operation, Pipeline, run, run_async
from tests.brokers import EVERY, TIMEOUT_S, BrokerKind, Servers
from tests.store.line_server import SILENCE, LineServer

pytestmark = [pytest.mark.differs_by_server, pytest.mark.differs_by_routing]

Way = Callable[[Broker, Operation[Any]], Any]

COMMANDS: list[Command] = [("INCR", str(number)) for number in range(5)]


def in_a_thread(broker: Broker, operation: Operation[Any]) -> Any:
    return run(operation, broker.client())


def under_asyncio(broker: Broker, operation: Operation[Any]) -> Any:
    async def perform() -> Any:
        try:
            return await run_async(operation, broker.async_client())
        finally:
            await broker.close_async()

    return asyncio.run(perform())


both_ways = pytest.mark.parametrize("way", [in_a_thread, under_asyncio])


def replies_to(commands: Iterable[Command]) -> Operation[Any]:
    return (yield Pipeline(commands))


def replies_and_then_one_more(commands: Iterable[Command]) -> Operation[Any]:
    replies = yield Pipeline(commands)
    return replies, (yield ("GET", "after"))


@both_ways
@pytest.mark.parametrize("kind", EVERY)
def test_replies_come_in_the_order_of_the_commands(servers: Servers, kind: BrokerKind, way: Way) -> None:
    broker = servers.broker(kind)

    assert way(broker, replies_to([("APPEND", "a", "x" * 1000)] * 50)) == [1000 * (1 + done) for done in range(50)]
    assert way(broker, replies_to([])) == []
    broker.close()


@both_ways
@pytest.mark.parametrize("kind", EVERY)
def test_commands_after_an_error_are_not_sent(servers: Servers, kind: BrokerKind, way: Way) -> None:
    broker = servers.broker(kind)
    commands: list[Command] = [("SET", "a", "1"), ("LPUSH", "a", "2"), *COMMANDS]

    replies, after = way(broker, replies_and_then_one_more(commands))

    assert (replies, after) == ([b"OK"], None)
    assert sum(broker.client().perform(("EXISTS", str(number))) for number in range(5)) <= IN_FLIGHT - 1
    broker.close()


@both_ways
def test_several_commands_are_sent_before_the_first_reply(tmp_path: Path, way: Way) -> None:
    with LineServer(tmp_path, [SILENCE] * 5) as server:
        broker = connect(server.url, 0.2)
        assert way(broker, replies_to(COMMANDS)) == []
        broker.close()

    assert len(server.commands) == IN_FLIGHT


@both_ways
def test_a_connection_that_was_lost_is_not_used_again(tmp_path: Path, way: Way) -> None:
    with LineServer(tmp_path, [b":1\r\n", b":2\r\n", b":3", SILENCE, b"$4\r\nlast\r\n"]) as server:
        broker = connect(server.url, 0.2)
        assert way(broker, replies_and_then_one_more(COMMANDS[:4])) == ([1, 2], b"last")
        broker.close()

    assert server.connections == 2


@both_ways
def test_an_address_without_a_server_is_unavailable(tmp_path: Path, way: Way) -> None:
    broker = connect(f"unix://{tmp_path}/nothing", TIMEOUT_S)

    with pytest.raises(BrokerUnavailable):
        way(broker, replies_and_then_one_more(COMMANDS))


def test_a_cancelled_pipeline_closes_its_connection(tmp_path: Path) -> None:
    async def cancel_one_and_perform_another(broker: Broker) -> Any:
        client = broker.async_client()
        given_up = asyncio.create_task(client.perform_all(COMMANDS))
        assert await asyncio.to_thread(server.asked.wait, TIMEOUT_S)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        reply = await client.perform(("INCR", "b"))
        await broker.close_async()
        return reply

    with LineServer(tmp_path, [SILENCE, SILENCE, b":2\r\n"]) as server:
        assert asyncio.run(cancel_one_and_perform_another(connect(server.url, TIMEOUT_S))) == 2

    assert server.connections == 2
