"""Event loops in virtual time."""

import asyncio
import threading
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any

import pytest

from redisched.testing.virtual_loop import VirtualLoops
from redisched.testing.virtual_time import VirtualTime

pause = asyncio.sleep


class Loops:
    def __init__(self) -> None:
        self.time = VirtualTime(0, lambda now_us: None)
        self.loops = VirtualLoops(self.time)

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        try:
            return self.loops.run(coroutine, copy_context())
        finally:
            self.loops.close()


def test_time_jumps_to_the_next_timer() -> None:
    loops = Loops()
    order: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        await pause(seconds)
        order.append(name)

    async def program() -> None:
        await asyncio.gather(wait("week", 604_800), wait("day", 86_400), wait("hour", 3_600))

    loops.run(program())

    assert order == ["hour", "day", "week"]
    assert 604_800 <= loops.time.monotonic() < 604_801


def test_no_time_passes_while_a_thread_works_for_the_loop() -> None:
    loops = Loops()
    begun = threading.Event()

    async def program() -> str:
        async with asyncio.timeout(60):
            work = asyncio.create_task(asyncio.to_thread(lambda: begun.wait(10)))
            await asyncio.to_thread(begun.set)
            await work
        return "in time"

    assert loops.run(program()) == "in time"
    assert loops.time.monotonic() == 0.0


def test_no_time_passes_while_a_socket_is_open() -> None:
    loops = Loops()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def program() -> bytes:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server, asyncio.timeout(60):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            answer = await reader.readline()
            writer.close()
            await writer.wait_closed()
        return answer

    assert loops.run(program()) == b"hello\n"
    assert loops.time.monotonic() == 0.0


def test_a_loop_goes_on_where_the_handler_before_has_left_it() -> None:
    loops = Loops()
    seen: list[asyncio.AbstractEventLoop] = []

    async def program() -> None:
        seen.append(asyncio.get_running_loop())

    for _ in range(2):
        loops.loops.run(program(), copy_context())
    loops.loops.close()

    assert seen[0] is seen[1]
    assert seen[0].is_closed()


def test_an_error_goes_through() -> None:
    async def program() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Loops().run(program())
