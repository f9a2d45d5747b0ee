"""A fleet, its producer and its server under all that a nemesis does: the history shows nothing that may not be."""

import contextlib
from itertools import islice
from pathlib import Path

import pytest

from redisched import Scheduler
from redisched.client.request import TaskRequest
from redisched.embedded import Persistence
from redisched.errors import BrokerUnavailable
from redisched.store.broker import connect
from redisched.testing import (
    Action,
    Fault,
    Message,
    Proxy,
    Recorder,
    Server,
    Witness,
    check_history,
    take_stock,
)
from tests.brokers import BrokerKind, binary_of
from tests.chaos.fleet import Fleet
from tests.chaos.nemesis import Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, draw_plan
from tests.engine.running import counts
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SEED = 1
DURATION_S = 8.0
LEASE_S = 1.0
TRY_S = 5.0
DRAIN_S = 60.0
BATCH = 10
HABITS = {
    Disturbance.KILL_WORKER: Habit(every_s=1.5),
    Disturbance.PAUSE_WORKER: Habit(every_s=2.0, lasts_s=2.0 * LEASE_S),
    Disturbance.KILL_SERVER: Habit(every_s=4.0, lasts_s=0.3),
    Disturbance.PAUSE_SERVER: Habit(every_s=4.0, lasts_s=0.5),
    Disturbance.FLUSH_SCRIPTS: Habit(every_s=0.3),
    Disturbance.KILL_CLIENTS: Habit(every_s=1.0),
}
FAULTS = tuple(
    Fault(message=message, action=action, share=0.002)
    for message in Message
    for action in (Action.CUT, Action.CUT_HALFWAY)
)


def send(app: Scheduler, recorder: Recorder, requests: list[TaskRequest]) -> None:
    """Enqueue, once; whether it happened may stay unknown."""
    with contextlib.suppress(BrokerUnavailable), recorder.enqueueing(*requests):
        app.enqueue_many(requests)


def is_drained(server: Server) -> bool:
    """Whether nothing waits or is held any more."""
    broker = connect(server.url, TRY_S)
    there = counts(broker)
    broker.close()
    return there.ready == there.scheduled == there.leased == 0


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_nothing_happens_that_is_not_promised(tmp_path: Path, kind: BrokerKind) -> None:
    recorder = Recorder(tmp_path)
    with (
        Server(binary=binary_of(kind), persistence=Persistence.ALWAYS) as server,
        Proxy(server.url, observe=Witness(recorder).observe, seed=SEED) as proxy,
        Fleet(proxy.url, tmp_path, target="tests.chaos.apps.recording:app", processes=3, lease_s=LEASE_S) as fleet,
    ):
        victims = Victims(server=server, workers=fleet.workers)
        app = Scheduler(proxy.url)
        send(app, recorder, [app.request("work", 1_000)])
        wait_until(lambda: is_drained(server), "the fleet is at work", DRAIN_S)
        proxy.set(*FAULTS)
        with Nemesis(draw_plan(SEED, DURATION_S, HABITS), victims, recorder) as nemesis:
            # They take longer than a lease, so that some of them are running whenever something breaks.
            delays_s = (number / 4 for number in range(round(4 * DURATION_S)))
            send(app, recorder, [app.request("linger", 2 * LEASE_S, delay=delay_s) for delay_s in delays_s])
            while nemesis.is_at_work:
                send(app, recorder, [app.request("work", 1_000, priority=number % 3) for number in range(BATCH)])
        proxy.set()
        wait_until(lambda: is_drained(server), "all is done", DRAIN_S)
        direct = connect(server.url, TRY_S)
        take_stock(direct, "default", recorder)
        app.close()
        direct.close()
    assert nemesis.hits == set(HABITS)
    assert [str(violation) for violation in islice(check_history(tmp_path), 5)] == []
