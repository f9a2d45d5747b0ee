"""Workers that are stopped or blocked for longer than their leases."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from pathlib import Path
from threading import Barrier

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.keys import keys_of
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest, Reaped, ReapRequest, Status
from tests.brokers import BrokerKind, Servers, binary_of
from tests.chaos.invariants import QUEUE, check_places
from tests.chaos.rig import Rig
from tests.chaos.servers_moved_clock import MovedClock
from tests.engine.running import counts, look
from tests.lua.situation import situation_of
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

LEASE_S = 0.6
SOON_S = 25.0
REAPER_LEASE_S = 5.0
TAKE_OVER_S = 5.0
"""A reaper is waited for during three intervals of a twentieth of the lease; two more, and time for a busy machine."""
BUSY = b"BUSY"
REAPERS = 8
TASKS = 2_000
HOUR_S = 3_600
DAYS_S = 30 * 86_400
RESTARTS = 20


@pytest.mark.parametrize(
    ("first", "second", "script"),
    [
        pytest.param("stale", "fresh", "ack", id="its result comes after a result"),
        pytest.param("stale", "!fresh", "ack", id="its result comes after an error"),
        pytest.param("!stale", "fresh", "bury", id="its error comes after a result"),
    ],
)
def test_t04_a_worker_stopped_for_three_leases_is_refused_afterwards(
    rig: Rig, first: str, second: str, script: str
) -> None:
    def refusals() -> int:
        """The worker may send its result first, or a renewal; after a refused renewal it sends no result."""
        return sum(rig.replies(name).count([b"LOST"]) for name in (script, "renew"))

    task = rig.enqueue("hold_once", str(rig.gate_file()), first, second, max_attempts=1)
    with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S) as fleet:
        over_ms = rig.wait_for_start(task).at_ms + 3e3 * LEASE_S
        (worker,) = fleet.workers()
        os.kill(worker, signal.SIGSTOP)
        with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S):
            wait_until(lambda: len(rig.starts(task)) == 2, "another worker has the task", SOON_S)
            wait_until(rig.is_drained, "the other worker is done with the task", SOON_S)
            wait_until(lambda: rig.recorder.now_ms() > over_ms, "three leases are over")
            settled = look(rig.direct, task.id)
            refused = refusals()
            rig.gate_file().touch()
            os.kill(worker, signal.SIGCONT)
            wait_until(lambda: refusals() > refused, "the stopped worker is refused", SOON_S)

        view = look(rig.direct, task.id)
        assert (view.state, view.outcome, view.failure) == (settled.state, settled.outcome, settled.failure)
        assert view.outcome is None or view.outcome.result == "fresh"
        assert fleet.workers() == [worker]
    rig.audit()


def test_t06_a_sync_handler_that_blocks_keeps_its_lease(rig: Rig) -> None:
    task = rig.enqueue("linger", 3 * LEASE_S)
    with rig.fleet(processes=2, concurrency=1, lease_s=LEASE_S):
        rig.drain()

    assert len(rig.starts(task)) == 1
    rig.audit()


def test_t06_a_handler_that_blocks_the_interpreter_loses_its_task_to_another_worker(rig: Rig) -> None:
    task = rig.enqueue("seize_once", str(rig.gate_file()), 5.0)
    with rig.fleet(processes=2, concurrency=1, lease_s=LEASE_S):
        wait_until(lambda: len(rig.starts(task)) == 2, "another worker has the task", SOON_S)
        rig.drain()
        wait_until(
            lambda: [b"LOST"] in [*rig.replies("renew"), *rig.replies("ack")],
            "Redis has refused the first worker",
            SOON_S,
        )

    assert task.status() is TaskState.SUCCEEDED
    rig.audit()


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def broker(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(request.param)
    yield broker
    broker.close()


def claim(broker: Broker, worker: str, *, limit: int, lease_ms: int) -> list[tuple[str, int]]:
    """Claim as a worker that sends nothing after that; answers ids and tokens."""
    request = ClaimRequest(worker=worker, nonce="1", limit=limit, ahead_ms=0, ahead_limit=0, lease_ms=lease_ms)
    leases = run(Store(broker.script_runner, QUEUE).claim(request), broker.client()).leases
    return [(lease.id, lease.token) for lease in leases]


def reap(broker: Broker, worker: str, limit: int = 100) -> Reaped:
    """One call of a reaper; other reapers need not wait for it."""
    request = ReapRequest(
        worker=worker, hold_ms=0, grace_ms=0, limit=limit, crash_limit=3, failure=b"", lease_ms=60_000
    )
    return run(Store(broker.script_runner, QUEUE).reap(request), broker.client())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_t26_another_worker_takes_over_from_a_reaper_that_is_gone(rig: Rig, number: signal.Signals) -> None:
    """A reaper that comes back leaves reaping to the other, and a lease that is not renewed is taken back once."""

    def reaper() -> str:
        holder: bytes | None = rig.direct.client().perform(("GET", keys_of(QUEUE).reaper))
        return holder.decode().split(" ")[0] if holder else ""

    tasks = rig.enqueue_many(3, "nothing")
    claim(rig.direct, "ghost", limit=3, lease_ms=round(1e3 * REAPER_LEASE_S))
    with rig.fleet(processes=1, lease_s=REAPER_LEASE_S) as first:
        gone = wait_until(reaper, "the first worker reaps", SOON_S)
        with rig.fleet(processes=1, lease_s=REAPER_LEASE_S):
            wait_until(lambda: BUSY in map(itemgetter(0), rig.replies("reap")), "the second worker is there", SOON_S)
            first.kill_supervisor() if number is signal.SIGKILL else None
            for process in first.workers():
                os.kill(process, number)
            wait_until(lambda: reaper() != gone, "another worker reaps", TAKE_OVER_S)
            for process in first.workers():
                os.kill(process, signal.SIGCONT)
            rig.drain()

    assert [len(rig.starts(task)) for task in tasks] == [1] * 3
    assert sum(len(reply[5:]) for reply in rig.replies("reap") if reply[0] == b"REAPED") == 2 * len(tasks)
    rig.audit()


def test_t26_reapers_that_reap_at_the_same_time_take_back_each_task_once(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    app.enqueue_many([app.request("nothing") for _ in range(TASKS)])
    lost = claim(broker, "ghost", limit=TASKS, lease_ms=1)
    assert len(lost) == TASKS
    together = Barrier(REAPERS)

    def take_back(reaper: str) -> list[str]:
        together.wait()
        taken: list[str] = []
        while counts(broker).leased:
            taken += [id for id, status in reap(broker, reaper).tasks if status is Status.RECOVERED]
        return taken

    with ThreadPoolExecutor(REAPERS) as threads:
        taken = list(threads.map(take_back, [f"reaper-{number}" for number in range(REAPERS)]))

    assert sum(map(bool, taken)) > 1, "the reapers did not reap at the same time"
    assert sorted(id for ids in taken for id in ids) == sorted(id for id, _ in lost)
    assert counts(broker).ready == TASKS
    check_places(situation_of(broker, QUEUE))


def test_t08_a_task_that_is_due_in_a_month_starts_once_at_its_time(tmp_path: Path) -> None:
    clock = MovedClock(tmp_path, binary_of(BrokerKind.VALKEY))
    with Server(binary=clock.binary) as server, Rig(tmp_path, server.url) as rig:
        rig.go_by_server_time()

        @rig.app.task(name="note", retention=2 * DAYS_S)
        async def note() -> None:
            with rig.recorder.execution():
                pass

        task = rig.enqueue("note", delay=DAYS_S)
        for _ in range(RESTARTS):
            with rig.worker(lease_s=REAPER_LEASE_S):
                rig.enqueue("note").result(timeout=SOON_S)
        with rig.worker(lease_s=REAPER_LEASE_S):
            clock.move(DAYS_S - HOUR_S)
            rig.enqueue("note").result(timeout=SOON_S)
            assert task.status() is TaskState.SCHEDULED
            clock.move(DAYS_S - 5)
            task.result(timeout=SOON_S)

        assert len(rig.starts(task)) == 1
        rig.audit()
