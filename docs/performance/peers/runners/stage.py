"""What every peer is put through in an interpreter of its own, so that all are measured by the same lines.

Only the standard library, as it is imported beside each peer. Handlers append 16 bytes to a file: the number of their
task and the moment they started, by the clock that all processes of a machine share.
"""

import asyncio
import json
import os
import random
import signal
import sys
import threading
import time
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from struct import Struct
from typing import NamedTuple, Protocol

URL_VARIABLE, STARTS_VARIABLE = "PEER_URL", "PEER_STARTS"
WARM_UP = 10
BATCH = 100
"""Concurrent calls of a peer that has no call for many."""

_START = Struct("<qd")
_LOOK_S = 0.0005
_TIMEOUT_S = 30.0
_PAUSE_S = 0.05
_DELAYED_AFTER_S = 2.0


class Start(NamedTuple):
    """A handler started: the number of its task, and the monotonic moment in seconds."""

    task: int
    moment_s: float


class Peer(Protocol):
    """What is asked of a peer. Those that block do so in the coroutine: nothing else runs on the event loop."""

    async def open(self) -> None:
        """Connect."""

    @abstractmethod
    async def enqueue(self, task: int) -> None:
        """Enqueue a task that starts at once."""

    async def enqueue_many(self, tasks: Sequence[int]) -> None:
        """Enqueue many tasks in the fastest way there is."""
        for task in tasks:
            await self.enqueue(task)

    @abstractmethod
    async def enqueue_delayed(self, task: int, delay_s: float) -> None:
        """Enqueue a task that starts later."""

    async def close(self) -> None:
        """Disconnect."""

    @abstractmethod
    def work(self) -> None:
        """Run tasks until the process is killed."""


def url() -> str:
    """The Redis under all peers."""
    return os.environ[URL_VARIABLE]


def tell_start(task: int) -> None:
    """Called by handlers; all they do."""
    os.write(_starts_file(), _START.pack(task, time.monotonic()))


def count_starts(path: Path) -> int:
    """How many handlers have started."""
    return path.stat().st_size // _START.size


def read_starts(path: Path, first: int = 0) -> list[Start]:
    """All whole entries of a file of starts, from the one with this number on."""
    with path.open("rb") as file:
        file.seek(first * _START.size)
        told = file.read()
    return [Start(*entry) for entry in _START.iter_unpack(told[: len(told) // _START.size * _START.size])]


def run(peer: Peer) -> None:
    """Do what the command line asks: `work`, or measure and print JSON."""
    command, *numbers = sys.argv[1:]
    if command == "work":
        threading.Thread(target=_end_with_parent, daemon=True).start()
        peer.work()
    else:
        print(json.dumps(asyncio.run(_measure(peer, command, [int(number) for number in numbers]))))  # noqa: T201


async def _measure(peer: Peer, command: str, numbers: Sequence[int]) -> float | list[float]:
    await peer.open()
    try:
        match command:
            case "enqueue":
                return await _enqueue_per_s(peer, *numbers)
            case "enqueue_many":
                return await _enqueue_many_per_s(peer, *numbers)
            case "pick_up":
                return await _pick_up_ms(peer, *numbers)
            case "delayed":
                return await _late_ms(peer, *numbers)
        raise SystemExit(f"no such measurement: {command}")
    finally:
        await peer.close()


async def _enqueue_per_s(peer: Peer, tasks: int) -> float:
    await peer.enqueue(0)
    began_s = time.perf_counter()
    for task in range(1, tasks):
        await peer.enqueue(task)
    return (tasks - 1) / (time.perf_counter() - began_s)


async def _enqueue_many_per_s(peer: Peer, tasks: int) -> float:
    await peer.enqueue(0)
    began_s = time.perf_counter()
    await peer.enqueue_many(range(1, tasks))
    return (tasks - 1) / (time.perf_counter() - began_s)


async def _pick_up_ms(peer: Peer, tasks: int) -> list[float]:
    chance = random.Random(1)
    taken_ms = []
    for task in range(WARM_UP + tasks):
        called_s = time.monotonic()
        await peer.enqueue(task)
        started_s = await _moment_of(task)
        taken_ms.append((started_s - called_s) * 1e3)
        # Until the worker is idle again, and out of step with every timer.
        await asyncio.sleep(_PAUSE_S * (1 + 2 * chance.random()))
    return taken_ms[WARM_UP:]


async def _late_ms(peer: Peer, tasks: int, over_ms: int) -> list[float]:
    chance = random.Random(1)
    due_s = {}
    for task in range(tasks):
        delay_s = _DELAYED_AFTER_S + chance.random() * over_ms / 1e3
        due_s[task] = time.monotonic() + delay_s
        await peer.enqueue_delayed(task, delay_s)
    path = Path(os.environ[STARTS_VARIABLE])
    give_up_s = max(due_s.values()) + _TIMEOUT_S
    while count_starts(path) < tasks:
        if time.monotonic() > give_up_s:
            raise SystemExit(f"of {tasks} delayed tasks {count_starts(path)} started")
        await asyncio.sleep(_LOOK_S * 100)
    return [(start.moment_s - due_s[start.task]) * 1e3 for start in read_starts(path)]


async def _moment_of(task: int) -> float:
    """When the one task that is on its way started: the entry of its number in the file of starts."""
    path = Path(os.environ[STARTS_VARIABLE])
    give_up_s = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < give_up_s:
        for start in read_starts(path, first=task):
            if start.task == task:
                return start.moment_s
        await asyncio.sleep(_LOOK_S)
    raise SystemExit(f"task {task} did not start")


def _end_with_parent() -> None:
    """Kill this process and all that it started when whoever measures is gone."""
    # Not by the file object, whose lock a forked child would find taken.
    os.read(sys.stdin.fileno(), 1)
    os.killpg(0, signal.SIGKILL)


def _starts_file() -> int:
    if not _opened:
        _opened.append(os.open(os.environ[STARTS_VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT))
    return _opened[0]


_opened: list[int] = []
