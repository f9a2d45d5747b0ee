"""The application whose worker processes are killed. It is told where it works by its environment, as any other is.

Its handler tells that it started, by a datagram, and holds out for the kill; run again elsewhere, it ends.
"""

import asyncio
import os
import socket
import time
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from redisched.client.scheduler import Scheduler

FOLDER_VARIABLE = "REDISCHED_BENCH_FOLDER"
HANDLER = "hold"
HOLD_S = 10.0

_SOCKET_NAME = "started.socket"
_START = Struct("<QQd")


class HeldStart(NamedTuple):
    """A start of a task: in which process, and when by the clock that all processes of a machine share."""

    task: int
    process: int
    monotonic_s: float


def listen(folder: Path) -> socket.socket:
    """A socket that is told of starts by all who work in a folder."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(folder / _SOCKET_NAME))
    return receiver


def receive(receiver: socket.socket) -> HeldStart:
    """The next start. Raises TimeoutError as the socket is set to."""
    return HeldStart(*_START.unpack(receiver.recv(_START.size)))


def __getattr__(name: str) -> Scheduler:
    """`app`: a new one for each who asks, as its place is that of the environment at this moment."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    app = Scheduler()
    app.task(name=HANDLER)(hold)
    return app


async def hold(task: int) -> None:
    """Tell that it started; the first time, hold out."""
    start = _START.pack(task, os.getpid(), time.monotonic())
    folder = Path(os.environ[FOLDER_VARIABLE])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as voice:
        voice.sendto(start, str(folder / _SOCKET_NAME))
    try:
        (folder / f"started-{task}").touch(exist_ok=False)
    except FileExistsError:
        return
    await asyncio.sleep(HOLD_S)
