"""Gates before servers on both sides of a border, in a process of their own: `python -m tests.chaos.gates`.

Every packet between all servers and clients passes here. In the process of a test they would wait for its threads, and
on a busy machine Sentinels would take each other for dead.

It reads orders from its input, one a line, and answers each with a line: `gate SIDE PORT` with the port of a new gate,
`shut` and `open` with themselves. It ends with its input.
"""

import asyncio
import contextlib
import os
import sys
from enum import StrEnum
from functools import partial

from redisched.embedded.free_port import find_free_port

_CHUNK_BYTES = 65_536


class Side(StrEnum):
    """A side of the border: the address from which its clients connect, and to which clients connect."""

    MAJORITY = "127.0.0.1"
    MINORITY = "127.0.0.2"


class Gates:
    """A gate knows by the address of a client on which side it is. All are open at first."""

    def __init__(self) -> None:
        self._gates: list[asyncio.Server] = []
        self._across = asyncio.Event()
        self._across.set()
        self._within = asyncio.Event()
        self._within.set()

    async def obey(self, order: str) -> str:
        """Carry out an order."""
        match order.split():
            case ["gate", side, port]:
                return str(await self._make_gate(Side(side), int(port)))
            case ["shut"]:
                self._across.clear()
            case ["open"]:
                self._across.set()
            case _:
                raise ValueError(order)
        return order

    async def _make_gate(self, side: Side, port: int) -> int:
        while True:
            entry = find_free_port()
            # Another process may take the port between choosing and binding.
            with contextlib.suppress(OSError):
                self._gates.append(await asyncio.start_server(partial(self._carry, side, port), list(Side), entry))
                return entry

    async def _carry(self, side: Side, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer.get_extra_info(end)[0] for end in ("peername", "sockname")}
        origin = Side.MINORITY if Side.MINORITY in ends else Side.MAJORITY
        way = self._within if origin is side else self._across
        await way.wait()
        with contextlib.suppress(OSError):
            its_reader, its_writer = await asyncio.open_connection(Side.MAJORITY, port)
            await asyncio.gather(_copy(reader, its_writer, way), _copy(its_reader, writer, way))
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: asyncio.Event) -> None:
    """Copy data, and the end of the stream, while the border is open."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK_BYTES):
            await way.wait()
            writer.write(data)
            await writer.drain()
    await way.wait()
    writer.close()


async def _main() -> None:
    gates, orders = Gates(), asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(partial(asyncio.StreamReaderProtocol, orders), sys.stdin)
    while order := await orders.readline():
        sys.stdout.write(f"{await gates.obey(order.decode().strip())}\n")
        sys.stdout.flush()
    # Whatever is under way is cut off.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(_main())
