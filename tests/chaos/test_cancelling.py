"""A cancellation holds, whoever restarts after it, and hits no other task."""

from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.client.verbs import CancelOutcome
from redisched.embedded import Persistence
from redisched.model import TaskState
from tests.brokers import BrokerKind, binary_of
from tests.chaos.rig import Rig
from tests.waiting import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.differs_by_server]

SOON_S = 10.0
LEASE_S = 2.0


@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_cancelled_tasks_never_run_after_every_process_has_restarted(tmp_path: Path, kind: BrokerKind) -> None:
    with (
        Server(binary=binary_of(kind), persistence=Persistence.ALWAYS) as server,
        Rig(tmp_path, server.url) as rig,
    ):
        held = rig.enqueue("hold_each", str(rig.gate_file()))
        with rig.fleet(processes=1, concurrency=1, lease_s=LEASE_S) as fleet:
            rig.wait_for_start(held)
            unwanted = rig.enqueue_many(300, "nothing")
            wanted = rig.enqueue_many(50, "nothing", delay=1)
            changes = rig.app.refs([*unwanted, held]).cancel()
            fleet.kill_all()
        server.kill()
        server.start()

        with rig.fleet(processes=2, lease_s=LEASE_S):
            rig.drain()

        assert {change.outcome for change in changes} <= {CancelOutcome.CANCELLED, CancelOutcome.CANCELLING}
        assert all(rig.starts(task) == [] for task in unwanted)
        assert {task.status() for task in (*unwanted, held)} == {TaskState.CANCELLED}
        assert {task.status() for task in wanted} == {TaskState.SUCCEEDED}
        rig.audit()


def test_a_running_handler_is_told_to_stop(tmp_path: Path) -> None:
    with Server() as server, Rig(tmp_path, server.url) as rig, rig.worker():
        held, other = rig.enqueue_many(2, "hold")
        rig.wait_for_start(held)
        rig.wait_for_start(other)

        (change,) = rig.app.refs([held]).cancel()

        assert change.outcome is CancelOutcome.CANCELLING
        wait_until(lambda: held.status() is TaskState.CANCELLED, "the handler was told to stop", SOON_S)
        assert other.status() is TaskState.RUNNING
        rig.gate.open()
        other.result(timeout=SOON_S)
        rig.audit()
