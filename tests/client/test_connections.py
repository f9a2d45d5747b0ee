"""Producers hold few connections, and none longer than the event loop they belong to."""

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.config import Settings
from tests.brokers import BrokerKind, Servers

ROOT = Path(__file__).resolve().parents[2]
MOST = 4


@pytest.fixture
def url(servers: Servers) -> str:
    return servers.url(BrokerKind.VALKEY)


def sockets() -> int:
    """How many this process has open; whoever counts opens a folder meanwhile."""
    found = 0
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found += str(path.readlink()).startswith("socket:")
    return found


def test_connections_end_with_their_event_loop(url: str) -> None:
    app = Scheduler(url)
    handler = app.task(name="work")(lambda number: number)
    asyncio.run(handler.enqueue_async(0))
    gc.collect()
    before = sockets()
    for number in range(20):
        asyncio.run(handler.enqueue_async(number))
    assert sockets() <= before
    assert app.broker._async == {}


def test_no_connection_is_left_of_a_loop_closed_without_close_async(url: str) -> None:
    script = f"""
import asyncio, gc
from pathlib import Path
from redisched import Scheduler
app = Scheduler({url!r})
for _ in range(20):
    loop = asyncio.new_event_loop()
    loop.run_until_complete(app.enqueue_async("work"))
    loop.close()
gc.collect()
print(len(list(Path("/proc/self/fd").iterdir())))
"""
    printed = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert int(printed.stdout) < 15


def test_many_coroutines_share_few_connections(url: str) -> None:
    app = Scheduler(settings=Settings(url=url, max_connections=MOST))

    async def ask() -> None:
        task = await app.enqueue_async("work")
        before = sockets()
        states = await asyncio.gather(*(task.status_async() for _ in range(500)))
        assert len(states) == 500
        assert sockets() <= before + MOST

    asyncio.run(ask())


def test_many_threads_share_few_connections(url: str) -> None:
    app = Scheduler(settings=Settings(url=url, max_connections=MOST))
    task = app.enqueue("work")
    before = sockets()
    most: list[int] = []

    def ask() -> None:
        for _ in range(10):
            task.status()
        most.append(sockets())

    threads = [threading.Thread(target=ask) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 40
    assert max(most) <= before + MOST
    app.close()
