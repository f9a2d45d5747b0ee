"""The properties of a world: drawn from its seed before it begins.

Many worlds have only one kind of fault, many times; none has every kind: a failure that one kind shows, another
kind may hide or excuse.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from redisched.backoff import Backoff
from redisched.config import Settings, WorkerSettings
from tests.simulation.weather import Weather

QUEUE = "mail"
MOST_DRIFT = 4.9e-4
"""By how much clocks run fast or slow at most; redisched allows for a little more."""
KINDS = (1, 1, 1, 2, 4, 6)
"""How many kinds of faults a world has."""


class Fault(StrEnum):
    """The kinds of faults."""

    KILL = "a worker process is killed"
    POWER = "a machine loses power"
    PAUSE = "a worker process is stopped for a while, and continued"
    ISOLATE = "nothing passes between a worker and the server"
    STOP = "a worker is told to stop"
    FOUL_WEATHER = "messages are cut off, lost, late or doubled"
    CUT_ALL = "every connection is cut"
    FLUSH = "the server forgets its scripts"
    STALL = "the server does nothing for a while"
    RESTART = "the server restarts"
    FAIL_OVER = "a replica that lags takes over"
    CLOCK = "the server's clock is set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of one world. Faults are caused for `steps` steps; then the queue drains."""

    seed: int
    steps: int
    machines: int
    producers: int
    settings: Settings
    worker_settings: WorkerSettings
    faults: tuple[Fault, ...]
    between_faults_s: float
    between_tasks_s: float
    longest_task_s: float
    long_share: float
    """The share of tasks that last longer than most leases."""
    try_s: float
    fair: Weather
    foul: Weather
    keys: int = 0
    """How many unique keys the tasks of all producers share; 0: they have none."""
    lines: int = 0
    """How many lines each handler logs when it starts."""
    queue_life: bool = False
    """Whether the queue is paused and resumed, and tasks are deleted."""
    deploys: bool = False
    """Whether half of the machines have an older deploy, which does not know a name that producers use."""
    schedules: bool = False
    """Whether somebody adds, changes, pauses, runs and removes schedules, which the workers fire."""

    @property
    def lease_s(self) -> float:
        return self.worker_settings.lease_s


def draw_plan(seed: int, steps: int) -> Plan:
    """The world of a seed."""
    random = Random(f"plan {seed}")
    lease_s = random.choice((2.0, 3.0, 5.0, 10.0))
    machines, producers, concurrency = random.randint(1, 4), random.randint(1, 2), random.choice((1, 2, 4))
    longest_task_s = min(3.0, random.choice((0.02, 0.3, 1.5)) * lease_s)
    # Two heartbeats and a try without an answer have to fit into a lease.
    try_s = min(1.0, 0.2 * lease_s)
    load = random.choice((0.3, 0.8, 1.3))
    fair = random.choice(
        (Weather(), Weather(fastest_us=50, slowest_us=10_000), Weather(fastest_us=2e4, slowest_us=3e4))
    )
    return Plan(
        seed=seed,
        steps=steps,
        machines=machines,
        producers=producers,
        settings=Settings(
            retention_s=random.choice((0.0, 100.0, 1e5)),
            timeout_s=random.choice((1.5, 5.0)),
            kept_results=2 if seed % 2 else 100_000,
        ),
        worker_settings=_worker_settings(random, lease_s, concurrency),
        faults=tuple(random.sample(tuple(Fault), random.choice(KINDS))),
        between_faults_s=random.choice((0.3, 1.0, 3.0)),
        between_tasks_s=min(2.0, max(0.05, longest_task_s / 2 * producers / (machines * concurrency * load))),
        longest_task_s=longest_task_s,
        long_share=random.choice((0.0, 0.1)),
        try_s=try_s,
        fair=fair,
        foul=_foul(random, fair, try_s),
    )


def _worker_settings(random: Random, lease_s: float, concurrency: int) -> WorkerSettings:
    return WorkerSettings(
        queues=(QUEUE,),
        concurrency=concurrency,
        lease_s=lease_s,
        window_ms=random.choice((0.0, 20.0, 50.0 * lease_s)),
        grace_s=random.choice((0.1, 1.0, 10.0)),
        crash_limit=random.choice((1, 2, 3)),
        unroutable_limit=3,
        unroutable_backoff=Backoff(base_s=0.1, cap_s=1.0),
    )


def _foul(random: Random, fair: Weather, try_s: float) -> Weather:
    return Weather(
        fastest_us=fair.fastest_us,
        slowest_us=random.choice((fair.slowest_us, fair.slowest_us, 0.25e6 * try_s)),
        request_cut=random.choice((0.0, 0.02)),
        reply_cut=random.choice((0.0, 0.02, 0.1)),
        vanishes=random.choice((0.0, 0.0, 0.02)),
        strays=random.choice((0.0, 0.02)),
        comes_twice=random.choice((0.0, 0.02, 0.1)),
    )
