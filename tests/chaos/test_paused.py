"""A pause holds, whoever is killed and restarts, and nothing is lost by it."""

from pathlib import Path

import pytest

from redisched.chaos import Server
from redisched.embedded import Persistence
from redisched.model import TaskState
from tests.chaos.invariants import QUEUE
from tests.chaos.rig import Rig
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

LEASE_S = 2.0


def test_a_pause_holds_after_every_process_has_restarted(tmp_path: Path) -> None:
    with Server(persistence=Persistence.ALWAYS) as server, Rig(tmp_path, server.url) as rig:
        queue = rig.app.queue(QUEUE)
        held = rig.enqueue("hold_each", str(rig.gate_file()))
        with rig.fleet(processes=2, concurrency=2, lease_s=LEASE_S) as fleet:
            rig.wait_for_start(held)
            queue.pause()
            waiting = rig.enqueue_many(200, "nothing")
            fleet.kill_all()
        server.kill()
        server.start()

        with rig.fleet(processes=2, lease_s=LEASE_S):
            # The task of the killed worker comes back, and waits like the others.
            wait_until(lambda: held.status() is TaskState.READY, "the lost lease to end", 30.0)
            assert {task.status() for task in waiting} == {TaskState.READY}
            assert all(rig.starts(task) == [] for task in waiting)
            rig.gate_file().touch()
            queue.resume()
            rig.drain()

        assert {task.status() for task in (held, *waiting)} == {TaskState.SUCCEEDED}
        rig.audit()
