"""T01 at length: a hundred thousand tasks while workers die, replies are cut and scripts forgotten; then an audit.

REDISCHED_TASKS says how many: 2000000 is the long run.
"""

import contextlib
import os
from pathlib import Path

import pytest

from redisched.embedded import Persistence
from redisched.errors import BrokerUnavailable
from redisched.testing import Action, Fault, Message, Server
from tests.chaos.fleet import Fleet
from tests.chaos.nemesis import Nemesis, Victims
from tests.chaos.nemesis_plan import Disturbance, Habit, draw_plan
from tests.chaos.trial import Trial
from tests.engine.running import counts
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

SEED = 1
TASKS = int(os.environ.get("REDISCHED_TASKS", "100000"))
WORKERS = 8
LEASE_S = 2.0
BATCH = 200
BACKLOG = 5_000
ROUNDS = 100
"""A fraction of a millisecond of work: the faults are what shall take the time."""
PLAN_S = 36_000.0
PATIENCE_S = 120.0

CUT_REPLIES = Fault(message=Message.REPLY, action=Action.CUT, share=0.005)
DEATHS = {
    Disturbance.KILL_WORKER: Habit(every_s=2.0),
    Disturbance.FLUSH_SCRIPTS: Habit(every_s=1.0),
}
OUTAGES = DEATHS | {
    Disturbance.PAUSE_WORKER: Habit(every_s=10.0, lasts_s=2.0 * LEASE_S),
    Disturbance.RESTART_SERVER: Habit(every_s=20.0),
    Disturbance.KILL_SERVER: Habit(every_s=30.0, lasts_s=0.5),
    Disturbance.PAUSE_SERVER: Habit(every_s=30.0, lasts_s=1.0),
}


def produce(trial: Trial, tasks: int) -> None:
    """Enqueue so many tasks, a batch at a time, as long as no more than a backlog is left to do."""
    for first in range(0, tasks, BATCH):
        wait_until(lambda: backlog(trial) < BACKLOG, "some are done", PATIENCE_S)
        requests = [
            trial.app.request("work", ROUNDS, priority=number % 3) for number in range(first, min(tasks, first + BATCH))
        ]
        # Whether it happened may stay unknown.
        with contextlib.suppress(BrokerUnavailable):
            trial.send(requests)


def backlog(trial: Trial) -> int:
    """How many tasks wait; none that is known of while the server is away."""
    try:
        return counts(trial.direct).ready
    except BrokerUnavailable:
        return BACKLOG


@pytest.mark.timeout(7_200)
@pytest.mark.parametrize(
    ("tasks", "habits"),
    [
        pytest.param(20_000, DEATHS, id="20000 tasks, workers die"),
        pytest.param(TASKS, DEATHS, marks=pytest.mark.chaos, id="workers die"),
        pytest.param(TASKS, OUTAGES, marks=pytest.mark.chaos, id="workers die and the server is away"),
    ],
)
def test_t01_so_many_tasks_are_done_whatever_breaks(
    tmp_path: Path, tasks: int, habits: dict[Disturbance, Habit]
) -> None:
    target = "tests.chaos.apps.recording:app"
    with (
        Server(persistence=Persistence.ALWAYS) as server,
        Trial(server, tmp_path) as trial,
        Fleet(trial.proxy.url, tmp_path, target=target, processes=WORKERS, lease_s=LEASE_S, concurrency=16) as fleet,
    ):
        trial.proxy.set(CUT_REPLIES)
        victims = Victims(server=server, workers=fleet.workers)
        with Nemesis(draw_plan(SEED, PLAN_S, habits), victims, trial.recorder) as nemesis:
            produce(trial, tasks)
        trial.conclude()
        assert not fleet.has_ended
        assert nemesis.hits == set(habits)
