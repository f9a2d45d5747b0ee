"""T01 at length: a hundred thousand tasks while workers die, replies are cut and scripts forgotten; then an audit.

REDISCHED_TASKS sets the number of tasks: 2000000 is the long run.
"""

import contextlib
import logging
import os
from pathlib import Path

import pytest

from redisched.chaos import Action, Fault, Message, Server
from redisched.client.request import TaskRequest
from redisched.embedded import Persistence
from redisched.errors import BrokerUnavailable
from tests.chaos.nemesis import Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, draw_plan
from tests.chaos.rig import Rig
from tests.engine.running import counts
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

log = logging.getLogger(__name__)

SEED = 1
TASKS = int(os.environ.get("REDISCHED_TASKS", "100000"))
WORKERS = 8
LEASE_S = 2.0
WINDOW_MS = 100.0
"""The proxy takes most of the time: a claim should bring many tasks."""
ROUND = 100_000
"""Tasks are done in rounds of so many, or a server would take longer and longer to restart."""
BATCH = 1_000
BACKLOG = 5_000
ROUNDS = 100
"""A fraction of a millisecond of work: the faults should take most of the time."""
LINGER_EVERY = 50
LINGER_S = 0.2
PLAN_S = 36_000.0
TIMEOUT_S = 120.0

CUT_REPLIES = Fault(message=Message.REPLY, action=Action.CUT, share=0.005)
DEATHS = {
    Disturbance.KILL_WORKER: Habit(every_s=2.0),
    Disturbance.FLUSH_SCRIPTS: Habit(every_s=1.0),
}
OUTAGES = DEATHS | {
    Disturbance.PAUSE_WORKER: Habit(every_s=10.0, lasts_s=2.0 * LEASE_S),
    Disturbance.RESTART_SERVER: Habit(every_s=30.0),
    Disturbance.KILL_SERVER: Habit(every_s=45.0, lasts_s=0.5),
    Disturbance.PAUSE_SERVER: Habit(every_s=30.0, lasts_s=1.0),
}


def produce(rig: Rig, numbers: range) -> None:
    """Enqueue these tasks, a batch at a time, and never more than a backlog ahead of the workers."""
    for first in range(0, len(numbers), BATCH):
        wait_until(lambda: backlog(rig) < BACKLOG, "some tasks are done", TIMEOUT_S)
        requests = [request_of(rig, number) for number in numbers[first : first + BATCH]]
        # The result of the call may stay unknown.
        with contextlib.suppress(BrokerUnavailable):
            rig.send(requests)


def request_of(rig: Rig, number: int) -> TaskRequest:
    """Most tasks are short; a few take long, so that some are running at every fault."""
    if number % LINGER_EVERY == 0:
        return rig.app.request("linger", LINGER_S)
    return rig.app.request("work", ROUNDS, priority=number % 3)


def backlog(rig: Rig) -> int:
    """How many tasks wait; 0 while the server is away."""
    try:
        return counts(rig.direct).ready
    except BrokerUnavailable:
        return BACKLOG


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize(
    ("tasks", "habits"),
    [
        pytest.param(20_000, DEATHS, id="20000 tasks, workers die"),
        pytest.param(TASKS, DEATHS, marks=pytest.mark.chaos, id="workers die"),
        pytest.param(TASKS, OUTAGES, marks=pytest.mark.chaos, id="workers die and the server is away"),
    ],
)
def test_t01_many_tasks_are_done_in_spite_of_all_faults(
    tmp_path: Path, tasks: int, habits: dict[Disturbance, Habit]
) -> None:
    target = "tests.chaos.apps.recording:app"
    with (
        Server(persistence=Persistence.ALWAYS) as server,
        Rig(tmp_path, server.url) as rig,
        rig.fleet(target=target, processes=WORKERS, lease_s=LEASE_S, concurrency=16, window_ms=WINDOW_MS) as fleet,
    ):
        victims = Victims(server=server, workers=fleet.workers)
        hits: set[Disturbance] = set()
        for first in range(0, tasks, ROUND):
            rig.forget_ended()
            rig.proxy.set(CUT_REPLIES)
            with Nemesis(draw_plan(SEED + first // ROUND, PLAN_S, habits), victims, rig.recorder) as nemesis:
                produce(rig, range(tasks)[first : first + ROUND])
            hits |= nemesis.hits
            rig.drain()
            rig.record_final_places()
            log.info("%d tasks are done", min(tasks, first + ROUND))
        rig.policy()
        assert not fleet.has_ended
        assert hits == set(habits)
