"""A border through a network, which can be shut: data that would cross it waits, as packets without an answer do.

Cutting a real network takes rights that a test run may not have. So every server is reached through a gate, and the
gate knows by its address on which side a client is.
"""

import asyncio
import contextlib
import threading
from enum import StrEnum
from functools import partial

from redisched.embedded.free_port import find_free_port
from redisched.embedded.lifetime import Lifetime

_CHUNK_BYTES = 65_536


class Side(StrEnum):
    """A side of the border: the address from which its clients connect, and to which clients connect."""

    MAJORITY = "127.0.0.1"
    MINORITY = "127.0.0.2"


class Border(Lifetime):
    """Open at first."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="border", daemon=True)
        self._gates: list[asyncio.Server] = []
        self._across = asyncio.Event()
        self._across.set()
        self._within = asyncio.Event()
        self._within.set()

    def start(self) -> None:
        """Start the event loop that the gates run on."""
        self._thread.start()

    def gate(self, side: Side, port: int) -> int:
        """A port, on the addresses of both sides, that leads to the port of a server on one of them."""
        entry = find_free_port()
        asyncio.run_coroutine_threadsafe(self._make_gate(side, port, entry), self._loop).result()
        return entry

    def shut(self) -> None:
        """From now on, let no data cross."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()

    def open(self) -> None:
        """Let all data cross, including data that has waited."""
        self._loop.call_soon_threadsafe(self._across.set)

    def close(self) -> None:
        """End every connection. May be called again."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _make_gate(self, side: Side, port: int, entry: int) -> None:
        self._gates.append(await asyncio.start_server(partial(self._carry, side, port), list(Side), entry))

    async def _shut(self) -> None:
        self._across.clear()

    async def _carry(self, side: Side, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer.get_extra_info(end)[0] for end in ("peername", "sockname")}
        origin = Side.MINORITY if Side.MINORITY in ends else Side.MAJORITY
        way = self._within if origin is side else self._across
        await way.wait()
        with contextlib.suppress(OSError):
            its_reader, its_writer = await asyncio.open_connection(Side.MAJORITY, port)
            await asyncio.gather(_copy(reader, its_writer, way), _copy(its_reader, writer, way))
        writer.close()

    async def _end(self) -> None:
        for gate in self._gates:
            gate.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: asyncio.Event) -> None:
    """Copy data, and the end of the stream, while the border is open."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK_BYTES):
            await way.wait()
            writer.write(data)
            await writer.drain()
    await way.wait()
    writer.close()
