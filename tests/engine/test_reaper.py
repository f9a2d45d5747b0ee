"""How often a reaper reaps, and what follows from it."""

from typing import Any

import pytest

from redisched.config import Settings, WorkerSettings
from redisched.engine.reaper import Reaper
from redisched.engine.started import NoStartedTable
from redisched.engine.window import Window
from redisched.engine.worker_context import WorkerContext
from redisched.registry import Registry
from redisched.store.operation import ScriptRunner
from redisched.store.store import Store
from tests.engine.leases import QUEUE, WORKER


class Unasked:
    """A client that is never used."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def context(settings: WorkerSettings) -> WorkerContext:
    return WorkerContext(
        worker=WORKER,
        settings=Settings(),
        worker_settings=settings,
        registry=Registry(),
        stores={},
        window=Window(20.0, 100.0),
        started=NoStartedTable(),
        clock=Unasked(),
        random=lambda: 0.5,
    )


@pytest.mark.parametrize("lease_s", [0.5, 1.0, 3.0, 5.0, 7.0, 10.0, 20.0, 30.0, 3600.0])
def test_a_gap_that_counts_as_an_outage_is_shorter_than_the_rest_of_a_lease(lease_s: float) -> None:
    settings = WorkerSettings(lease_s=lease_s)
    reaper = Reaper(context(settings), Store(ScriptRunner(), QUEUE), lambda shard_map: None)
    hold_s = reaper.request().hold_ms / 1e3
    # The lease renewer runs once a heartbeat, and skips leases that are younger than a heartbeat.
    left_s = lease_s - 2 * settings.heartbeat_s

    assert 2 * hold_s < left_s
