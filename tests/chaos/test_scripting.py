"""The server forgets its scripts, or is blocked by a script of another client."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.client.reference import TaskRef
from redisched.config import Settings
from redisched.errors import BrokerError, BrokerUnavailable
from redisched.model import TaskState
from redisched.store.broker import connect
from tests.brokers import BrokerKind, binary_of
from tests.chaos.nemesis import Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, draw_plan
from tests.chaos.rig import Rig
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.differs_by_server]

SEED = 1
SOON_S = 15.0
CALLS_WHILE_BUSY = 500
"""Far more calls than with a backoff after each failure, far fewer than without one."""

every_server = pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])


@every_server
@pytest.mark.timeout(300)
@pytest.mark.parametrize("duration_s", [2.0, pytest.param(60.0, marks=pytest.mark.chaos)])
def test_t16_forgotten_scripts_cause_no_error(
    tmp_path: Path, kind: BrokerKind, duration_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    plan = draw_plan(SEED, duration_s, {Disturbance.FLUSH_SCRIPTS: Habit(every_s=0.1)})
    assert len(plan) > 5 * duration_s
    with (
        caplog.at_level(logging.WARNING, "redisched"),
        Server(binary=binary_of(kind)) as server,
        Rig(tmp_path, server.url) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        tasks: list[TaskRef[object]] = []
        with Nemesis(plan, Victims(server=server), rig.recorder) as nemesis:
            while nemesis.is_at_work:
                tasks += rig.enqueue_many(5, "work")
                tasks[-1].result(timeout=SOON_S)
        rig.conclude()
        assert {task.status() for task in tasks} == {TaskState.SUCCEEDED}
        assert not worker.has_ended
        # A busy machine may end the worker late, which it says, too.
        assert caplog.records == []


@contextmanager
def busy(server: Server) -> Iterator[None]:
    """A script of another client runs, and does not end by itself."""
    other = connect(server.url, 60.0)
    control = connect(server.url, 5.0)

    def run_for_ever() -> None:
        with pytest.raises(BrokerError, match=r"(?i)kill"):
            other.client().perform(("EVAL", "while true do end", 0))

    def is_busy() -> bool:
        try:
            control.client().perform(("PING",))
        except BrokerUnavailable as error:
            return "busy" in error.reason.lower()
        return False

    control.client().perform(("CONFIG", "SET", "lua-time-limit", 50))
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run_for_ever)
        try:
            wait_until(is_busy, "the script blocks the server")
            yield
        finally:
            control.client().perform(("SCRIPT", "KILL"))
        running.result()
    other.close()
    control.close()


@every_server
@pytest.mark.timeout(300)
@pytest.mark.parametrize("tries", [2, pytest.param(8, marks=pytest.mark.chaos)])
def test_t17_clients_wait_for_a_redis_that_is_busy_with_another_script(
    tmp_path: Path, kind: BrokerKind, tries: int
) -> None:
    with (
        Server(binary=binary_of(kind)) as server,
        Rig(tmp_path, server.url, Settings(timeout_s=1.0)) as rig,
        rig.worker(lease_s=1.0) as worker,
    ):
        held = rig.enqueue_many(4, "hold")
        wait_until(lambda: rig.gate.entered == 4, "the tasks run")
        with busy(server):
            calls = rig.proxy.requests.total()
            for _ in range(tries):
                with pytest.raises(BrokerUnavailable):
                    rig.enqueue_many(1, "work")
            assert rig.proxy.requests.total() - calls < CALLS_WHILE_BUSY
            assert not worker.has_ended
        rig.gate.open()
        calls = rig.proxy.requests.total()
        after = rig.enqueue_many(1, "work")
        assert [task.result(timeout=SOON_S) for task in (*held, *after)] == [None] * 5
        assert rig.proxy.requests.total() - calls < CALLS_WHILE_BUSY
        rig.conclude()
        assert rig.gate.entered == 4
