"""What a supervisor takes back from a dead process, and what it holds against the tasks."""

import pytest

from redisched import Scheduler
from redisched.config import WorkerSettings
from redisched.engine.recovery import SECOND_LOOK_S, Recovery
from redisched.engine.started import StartedTask
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from tests.engine.running import look

QUEUE = "default"


class StandingClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now_s = 1.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="note")(lambda: None)
    return app


def claim(broker: Broker, nonce: str) -> int:
    """Claim in the name of the worker that dies; the token."""
    request = ClaimRequest(worker="gone", nonce=nonce, limit=9, ahead_ms=0, ahead_limit=0, lease_ms=60_000)
    (lease,) = run(Store(broker.dialect, QUEUE).claim(request), broker.client()).leases
    return lease.token


def test_a_death_counts_once_against_what_ran_though_a_late_claim_takes_the_task_again(
    app: Scheduler, broker: Broker
) -> None:
    """The claim of a dead process may wait at the server, and be woken by the very task that is taken back from it."""
    task, clock = app.enqueue("note"), StandingClock()
    recovery = Recovery(app, WorkerSettings(), clock)
    recovery.died("gone", {StartedTask(QUEUE, task.id, claim(broker, "1"))})

    run(recovery.step(), broker.client())
    assert look(broker, task.id).crashes == 1
    claim(broker, "2")
    clock.now_s += SECOND_LOOK_S
    run(recovery.step(), broker.client())

    view = look(broker, task.id)
    assert (view.state, view.crashes) == ("ready", 1)
