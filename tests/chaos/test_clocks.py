"""Wrong clocks of clients and of the server, and times that are hard to store."""

import asyncio
import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import time_machine

from redisched import Scheduler
from redisched.chaos import Server
from redisched.client.verbs import CancelOutcome
from redisched.engine.reaper import GRACE_MS
from redisched.model import LARGEST_RUN_AT_MS, TaskState
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from tests.brokers import BrokerKind, Servers, binary_of
from tests.chaos.invariants import QUEUE, check_places
from tests.chaos.rig import Rig
from tests.chaos.servers_moved_clock import MovedClock
from tests.engine.running import look
from tests.lua.situation import situation_of
from tests.snapshot import snapshot_of
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

HOUR_S = 3_600
YEAR_S = 365 * 86_400
LEASE_S = 1.0
SOON_S = 25.0
SET_BACK_S = 15.0
"""More than a lease and the grace; less than the amount by which the clock is set back."""


@pytest.mark.parametrize("wrong_s", [HOUR_S, -HOUR_S, 10 * YEAR_S, -10 * YEAR_S])
def test_t45_the_clocks_of_producers_and_workers_do_not_matter(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, wrong_s: int
) -> None:
    monkeypatch.setenv("WRONG_S", str(wrong_s))
    wrong = rig.fleet(target="tests.chaos.apps.wrong_clock:app", processes=1, lease_s=LEASE_S)
    with wrong, rig.fleet(processes=1, lease_s=LEASE_S):
        # This process writes the history, too, and needs the right time again.
        with time_machine.travel(time.time() - wrong_s):
            now = rig.enqueue_many(200, "nothing")
            later = [rig.enqueue("nothing", delay=0.5 + number / 100) for number in range(50)]
            long = rig.enqueue_many(8, "linger", 2 * LEASE_S)
        rig.drain()

    assert [len(rig.starts(task)) for task in (now[0], later[0], *long)] == [1] * 10
    rig.audit()


@pytest.fixture
def clock(tmp_path: Path) -> MovedClock:
    return MovedClock(tmp_path, binary_of(BrokerKind.VALKEY))


@pytest.fixture
def moved(clock: MovedClock, tmp_path: Path) -> Iterator[Rig]:
    """A rig on a server whose clock can be moved. The handlers are `brief`, and `long`, which waits at the gate."""
    with Server(binary=clock.binary) as server, Rig(tmp_path, server.url) as rig:
        rig.go_by_server_time()

        @rig.app.task(name="brief", retention=10 * HOUR_S)
        async def brief() -> None:
            with rig.recorder.execution():
                pass

        @rig.app.task(name="long", retention=10 * HOUR_S)
        async def long() -> None:
            with rig.recorder.execution():
                await asyncio.to_thread(wait_until, rig.gate_file().exists, "the gate is open", SOON_S)

        yield rig


def test_t46_a_server_whose_clock_jumps_ahead_ends_no_live_lease(moved: Rig, clock: MovedClock) -> None:
    """Tasks that become due by the jump start, too."""
    long, due = moved.enqueue("long"), moved.enqueue("brief", delay=HOUR_S / 2)
    later = moved.enqueue("brief", delay=2 * HOUR_S)
    with moved.worker(lease_s=LEASE_S), moved.worker(lease_s=LEASE_S):
        moved.wait_for_start(long)
        wait_until(lambda: moved.replies("reap"), "a worker has become the reaper")
        clock.move(HOUR_S)
        due.result(timeout=SOON_S)
        over_ms = moved.recorder.now_ms() + GRACE_MS + 3e3 * LEASE_S
        wait_until(lambda: moved.recorder.now_ms() > over_ms, "the grace and three leases are over", SOON_S)
        moved.gate_file().touch()
        long.result(timeout=SOON_S)
        assert (later.status(), later.cancel()) == (TaskState.SCHEDULED, CancelOutcome.CANCELLED)

    assert len(moved.starts(long)) == len(moved.starts(due)) == 1
    moved.audit()


def test_t47_a_queue_works_on_when_the_clock_of_the_server_is_set_back(moved: Rig, clock: MovedClock) -> None:
    """A running task is settled with its token, new tokens are greater than all earlier ones, and new tasks run."""
    long = moved.enqueue("long")
    with moved.worker(lease_s=LEASE_S, concurrency=2):
        before = moved.wait_for_start(long)
        clock.move(-HOUR_S)
        brief = moved.enqueue("brief")
        brief.result(timeout=SOON_S)
        moved.gate_file().touch()
        long.result(timeout=SOON_S)

    assert [start.fence > before.fence for start in moved.starts(brief)] == [True]
    assert len(moved.starts(long)) == 1
    assert moved.is_drained()
    check_places(situation_of(moved.direct, QUEUE))


def test_t47_a_lease_ends_in_time_when_the_clock_of_the_server_is_set_back(moved: Rig, clock: MovedClock) -> None:
    lost = moved.enqueue("brief", run_at=0)
    request = ClaimRequest(worker="ghost", nonce="1", limit=1, ahead_ms=0, ahead_limit=0, lease_ms=1_000)
    run(Store(moved.direct.script_runner, QUEUE).claim(request), moved.direct.client())
    clock.move(-HOUR_S)
    with moved.worker(lease_s=LEASE_S):
        lost.result(timeout=SET_BACK_S)


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def app(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Scheduler]:
    broker = servers.broker(request.param)
    yield Scheduler(broker=broker)
    broker.close()


@pytest.mark.parametrize(
    ("run_at", "exactly_ms"),
    [
        (datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC), 2**31 * 1_000),
        (2**31 + 0.001, 2**31 * 1_000 + 1),
        (datetime(2039, 9, 7, 15, 47, 35, 999_000, tzinfo=UTC), 2_199_023_255_999),
        (2**41 / 1e3, 2**41),
        (datetime(2039, 9, 7, 12, 0, tzinfo=timezone(timedelta(hours=-10))), 2_199_045_600_000),
        (LARGEST_RUN_AT_MS / 1e3, LARGEST_RUN_AT_MS),
        (0, 0),
    ],
)
def test_t49_a_time_is_stored_exactly(app: Scheduler, run_at: datetime | float, exactly_ms: int) -> None:
    task = app.enqueue("nothing", run_at=run_at, priority=255)

    assert look(app.broker, task.id).run_at_ms == exactly_ms
    check_places(situation_of(app.broker, QUEUE))


@pytest.mark.parametrize(
    "run_at",
    [
        pytest.param(datetime(9999, 12, 31, tzinfo=UTC), id="9999"),
        pytest.param(datetime(2039, 9, 7), id="naive"),  # the mistake that the test makes on purpose
        -1,
        -1e-3,
        2**53 + 1,
        math.nan,
        math.inf,
        -math.inf,
    ],
)
@pytest.mark.parametrize("option", ["run_at", "delay"])
def test_t49_a_time_that_cannot_be_stored_is_refused(app: Scheduler, option: str, run_at: Any) -> None:
    app.enqueue("nothing")
    before = snapshot_of(app.broker)

    with pytest.raises(ValueError, match=f"{option}="):
        app.enqueue("nothing", **{option: run_at})

    assert snapshot_of(app.broker) == before
