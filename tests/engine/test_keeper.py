"""The keeper's thread: it renews what is held, and no error of a round ends it."""

import threading
from collections.abc import Iterable
from typing import Any

from redisched.config import Settings, WorkerSettings
from redisched.engine.keeper import Keeper
from redisched.engine.keeper_thread import KeeperThread
from redisched.engine.started import NotShared
from redisched.engine.watchdog import Watchdog
from redisched.engine.window import Window
from redisched.engine.workspace import Workspace
from redisched.registry import Registry
from redisched.store.operation import Command, Dialect
from redisched.store.store import Store
from tests.engine.leases import QUEUE, WORKER, held


class StandingClock:
    def monotonic(self) -> float:
        return 10.0


class BrokenOnce:
    """A client with a defect that shows once; afterwards it renews."""

    def __init__(self) -> None:
        self.calls = 0
        self.closed = False
        self.renewed = threading.Event()

    def perform(self, command: Command) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise RuntimeError("a defect")
        self.renewed.set()
        return [b"RENEWED"]

    def close(self) -> None:
        self.closed = True

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        raise AssertionError("the keeper sends one command at a time")


def test_a_defect_in_one_round_costs_no_lease() -> None:
    client = BrokenOnce()
    workspace = Workspace(
        worker=WORKER,
        settings=Settings(),
        worker_settings=WorkerSettings(lease_s=0.5),
        registry=Registry(),
        stores={(QUEUE, 0): Store(Dialect(), QUEUE)},
        window=Window(20.0, 100.0),
        started=NotShared(),
        clock=StandingClock(),
        random=lambda: 0.0,
    )
    task = held("a")
    workspace.holdings.add(task)

    watchdog = Watchdog(workspace, list, lambda _stuck, _on_begun: None)
    keeping = KeeperThread(Keeper(workspace, lambda _held, _kind: None, watchdog), client)
    assert client.renewed.wait(30)
    keeping.stop()

    assert client.closed
    assert task.trusted_until_s == 10.0 + 0.9 * 0.5
