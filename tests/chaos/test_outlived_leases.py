"""Leases that outlast their workers' attention, and workers that outlast their leases."""

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
from tests.chaos.ordeal import Ordeal
from tests.chaos.servers_moved_clock import MovedClock
from tests.engine.running import counts, look
from tests.lua.situation import situation_of
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

LEASE_S = 0.6
SOON_S = 25.0
REAPER_LEASE_S = 5.0
TAKE_OVER_S = 5.0
"""Three intervals of a twentieth of the lease that others wait for a reaper, two more, and time for a busy machine."""
BUSY = b"BUSY"
REAPERS = 8
TASKS = 2_000
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
def test_t04_a_worker_is_stopped_for_three_leases_and_goes_on(
    ordeal: Ordeal, first: str, second: str, script: str
) -> None:
    def refusals() -> int:
        """Its result may come first, or its next renewal, after which it no longer sends a result."""
        return sum(ordeal.replies(name).count([b"LOST"]) for name in (script, "renew"))

    task = ordeal.enqueue("hold_once", str(ordeal.gate_file()), first, second, max_attempts=1)
    with ordeal.fleet(processes=1, concurrency=1, lease_s=LEASE_S) as fleet:
        over_ms = ordeal.wait_for_start(task).at_ms + 3e3 * LEASE_S
        (worker,) = fleet.workers()
        os.kill(worker, signal.SIGSTOP)
        with ordeal.fleet(processes=1, concurrency=1, lease_s=LEASE_S):
            wait_until(lambda: len(ordeal.starts(task)) == 2, "another one has it", SOON_S)
            wait_until(ordeal.is_drained, "and is done with it", SOON_S)
            wait_until(lambda: ordeal.recorder.now_ms() > over_ms, "three leases are over")
            settled = look(ordeal.direct, task.id)
            refused = refusals()
            ordeal.gate_file().touch()
            os.kill(worker, signal.SIGCONT)
            wait_until(lambda: refusals() > refused, "it is refused", SOON_S)

        view = look(ordeal.direct, task.id)
        assert (view.state, view.outcome, view.failure) == (settled.state, settled.outcome, settled.failure)
        assert view.outcome is None or view.outcome.result == "fresh"
        assert fleet.workers() == [worker]
    ordeal.audit()


def test_t06_a_sync_handler_that_blocks_keeps_its_lease(ordeal: Ordeal) -> None:
    task = ordeal.enqueue("linger", 3 * LEASE_S)
    with ordeal.fleet(processes=2, concurrency=1, lease_s=LEASE_S):
        ordeal.drain()

    assert len(ordeal.starts(task)) == 1
    ordeal.audit()


def test_t06_a_handler_that_keeps_the_whole_interpreter_is_refused_once_another_has_its_task(ordeal: Ordeal) -> None:
    task = ordeal.enqueue("seize_once", str(ordeal.gate_file()), 5.0)
    with ordeal.fleet(processes=2, concurrency=1, lease_s=LEASE_S):
        wait_until(lambda: len(ordeal.starts(task)) == 2, "another one has it", SOON_S)
        ordeal.drain()
        wait_until(lambda: [b"LOST"] in [*ordeal.replies("renew"), *ordeal.replies("ack")], "it is told", SOON_S)

    assert task.status() is TaskState.SUCCEEDED
    ordeal.audit()


@pytest.fixture(params=[BrokerKind.VALKEY, BrokerKind.REDIS])
def broker(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Broker]:
    broker = servers.broker(request.param)
    yield broker
    broker.close()


def claim(broker: Broker, worker: str, *, limit: int, lease_ms: int) -> list[tuple[str, int]]:
    """Ids and tokens of what a worker is given that is never heard of again."""
    request = ClaimRequest(worker=worker, nonce="1", limit=limit, ahead_ms=0, ahead_limit=0, lease_ms=lease_ms)
    leases = run(Store(broker.script_runner, QUEUE).claim(request), broker.client()).leases
    return [(lease.id, lease.token) for lease in leases]


def reap(broker: Broker, worker: str, limit: int = 100) -> Reaped:
    """One call of a reaper whom no other has to wait for."""
    request = ReapRequest(
        worker=worker, hold_ms=0, grace_ms=0, limit=limit, crash_limit=3, failure=b"", lease_ms=60_000
    )
    return run(Store(broker.script_runner, QUEUE).reap(request), broker.client())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_t26_another_worker_takes_over_from_a_reaper_that_is_gone(ordeal: Ordeal, number: signal.Signals) -> None:
    """One that comes back leaves it to the other, and what nobody renews is taken back once."""

    def reaper() -> str:
        holder: bytes | None = ordeal.direct.client().perform(("GET", keys_of(QUEUE).reaper))
        return holder.decode().split(" ")[0] if holder else ""

    tasks = ordeal.enqueue_many(3, "nothing")
    claim(ordeal.direct, "ghost", limit=3, lease_ms=round(1e3 * REAPER_LEASE_S))
    with ordeal.fleet(processes=1, lease_s=REAPER_LEASE_S) as first:
        gone = wait_until(reaper, "the first one reaps", SOON_S)
        with ordeal.fleet(processes=1, lease_s=REAPER_LEASE_S):
            wait_until(lambda: BUSY in map(itemgetter(0), ordeal.replies("reap")), "the second one is there", SOON_S)
            first.kill_supervisor() if number is signal.SIGKILL else None
            for process in first.workers():
                os.kill(process, number)
            wait_until(lambda: reaper() != gone, "another one reaps", TAKE_OVER_S)
            for process in first.workers():
                os.kill(process, signal.SIGCONT)
            ordeal.drain()

    assert [len(ordeal.starts(task)) for task in tasks] == [1] * 3
    assert sum(len(reply[5:]) for reply in ordeal.replies("reap") if reply[0] == b"REAPED") == 2 * len(tasks)
    ordeal.audit()


def test_t26_reapers_that_reap_at_once_take_back_each_task_once(broker: Broker) -> None:
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

    assert sum(map(bool, taken)) > 1, "they did not reap at once"
    assert sorted(id for ids in taken for id in ids) == sorted(id for id, _ in lost)
    assert counts(broker).ready == TASKS
    check_places(situation_of(broker, QUEUE))


def test_t08_a_task_that_is_due_in_a_month_starts_once_at_its_time(tmp_path: Path) -> None:
    clock = MovedClock(tmp_path, binary_of(BrokerKind.VALKEY))
    with Server(binary=clock.binary) as server, Ordeal(tmp_path, server.url) as ordeal:
        ordeal.go_by_server_time()

        @ordeal.app.task(name="note", retention=2 * DAYS_S)
        async def note() -> None:
            with ordeal.recorder.execution():
                pass

        task = ordeal.enqueue("note", delay=DAYS_S)
        for _ in range(RESTARTS):
            with ordeal.worker(lease_s=REAPER_LEASE_S):
                ordeal.enqueue("note").result(timeout=SOON_S)
        with ordeal.worker(lease_s=REAPER_LEASE_S):
            clock.move(DAYS_S - 5)
            ordeal.enqueue("note").result(timeout=SOON_S)
            assert task.status() is TaskState.SCHEDULED
            task.result(timeout=SOON_S)

        assert len(ordeal.starts(task)) == 1
        ordeal.audit()
