"""A fleet, its producer and its server under everything a nemesis does: the history breaks no invariant."""

import contextlib
from pathlib import Path

import pytest

from redisched.chaos import Action, Fault, Message, Server
from redisched.client.request import TaskRequest
from redisched.embedded import Persistence
from redisched.errors import BrokerUnavailable
from tests.brokers import BrokerKind, binary_of
from tests.chaos.nemesis import Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, draw_plan
from tests.chaos.rig import DRAIN_S, Rig
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SEED = 1
DURATION_S = 8.0
LEASE_S = 1.0
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


def send(rig: Rig, requests: list[TaskRequest]) -> None:
    """Enqueue once; the result may stay unknown."""
    with contextlib.suppress(BrokerUnavailable):
        rig.send(requests)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
def test_no_invariant_is_broken_under_the_nemesis(tmp_path: Path, kind: BrokerKind) -> None:
    target = "tests.chaos.apps.recording:app"
    with (
        Server(binary=binary_of(kind), persistence=Persistence.ALWAYS) as server,
        Rig(tmp_path, server.url) as rig,
        rig.fleet(target=target, processes=3, lease_s=LEASE_S) as fleet,
    ):
        request = rig.app.request
        send(rig, [request("work", 1_000)])
        wait_until(rig.is_drained, "the fleet runs tasks", DRAIN_S)
        rig.proxy.set(*FAULTS)
        victims = Victims(server=server, workers=fleet.workers)
        with Nemesis(draw_plan(SEED, DURATION_S, HABITS), victims, rig.recorder) as nemesis:
            # The tasks take longer than a lease, so that some of them are running at every fault.
            delays_s = (number / 4 for number in range(round(4 * DURATION_S)))
            send(rig, [request("linger", 2 * LEASE_S, delay=delay_s) for delay_s in delays_s])
            while nemesis.is_at_work:
                send(rig, [request("work", 1_000, priority=number % 3) for number in range(BATCH)])
        rig.conclude()
        assert not fleet.has_ended
    assert nemesis.hits == set(HABITS)
