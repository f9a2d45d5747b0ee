"""The application whose worker processes are killed or replaced. As in production, its environment names the server.

Its handlers report their start by a datagram. One then waits to be killed; when the task runs a second time, in another
process, the handler returns.
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
STARTER = "start"
HOLD_S = 10.0

_SOCKET_NAME = "started.socket"
_START = Struct("<QQd")


class HeldStart(NamedTuple):
    """A start of a task: in which process, and when by the monotonic clock that all processes of a machine share."""

    task: int
    process: int
    monotonic_s: float


def listen(folder: Path) -> socket.socket:
    """A socket that receives the reports of starts from all processes that use a folder."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(folder / _SOCKET_NAME))
    return receiver


def receive(receiver: socket.socket) -> HeldStart:
    """Wait for the next start and return it. Raises TimeoutError after the timeout of the socket."""
    return HeldStart(*_START.unpack(receiver.recv(_START.size)))


def __getattr__(name: str) -> Scheduler:
    """`app`: a new application at each access, because its server is the one that the environment names then."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    app = Scheduler()
    app.task(name=HANDLER)(hold)
    app.task(name=STARTER)(start)
    return app


async def start(task: int) -> None:
    """Report the start."""
    report = _START.pack(task, os.getpid(), time.monotonic())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as voice:
        voice.sendto(report, str(Path(os.environ[FOLDER_VARIABLE], _SOCKET_NAME)))


async def hold(task: int) -> None:
    """Report the start; at the first attempt, wait to be killed."""
    await start(task)
    folder = Path(os.environ[FOLDER_VARIABLE])
    try:
        (folder / f"started-{task}").touch(exist_ok=False)
    except FileExistsError:
        return
    await asyncio.sleep(HOLD_S)
