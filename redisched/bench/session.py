"""Runs the requested phases on a private embedded server, or on a Redis that the user names."""

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from redisched.bench.backlog import measure_claim, measure_memory
from redisched.bench.contention import measure_lateness_beside_drain, measure_urgent
from redisched.bench.departure import measure_hand_back, measure_host_loss
from redisched.bench.draining import (
    measure_drain_async,
    measure_drain_sync,
    measure_drain_two_processes,
    measure_inversions,
    measure_redis_cpu,
)
from redisched.bench.enqueue_cost import measure_enqueue_cost
from redisched.bench.enqueueing import (
    measure_enqueue_async,
    measure_enqueue_async_alone,
    measure_enqueue_many,
    measure_enqueue_one,
)
from redisched.bench.failover import measure_cluster_failover, measure_sentinel_failover
from redisched.bench.figures import Figures
from redisched.bench.floor import measure_floor
from redisched.bench.footprint import measure_footprint
from redisched.bench.idle import measure_idle
from redisched.bench.machine import Machine
from redisched.bench.million import measure_million
from redisched.bench.phase import ONCE, Phase
from redisched.bench.profiles import ProcessProfile, Profiles, profiled, read_profiles
from redisched.bench.punctuality import measure_lateness, measure_pickup
from redisched.bench.recovery import measure_recovery
from redisched.bench.replacing import measure_replacing
from redisched.bench.restart import measure_restart
from redisched.bench.results import Results
from redisched.bench.scale import Scale
from redisched.bench.startup import measure_startup
from redisched.bench.workbench import Workbench
from redisched.chaos.cluster import ClusterServers
from redisched.config import prefix_from
from redisched.embedded import Persistence, PrivateServer
from redisched.keys import PREFIX
from redisched.store.broker import connect

_TIMEOUT_S = 30.0

PHASES: dict[Phase, Callable[[Workbench], Figures]] = {
    Phase.FLOOR: measure_floor,
    Phase.ENQUEUE_ONE: measure_enqueue_one,
    Phase.ENQUEUE_COST: measure_enqueue_cost,
    Phase.ENQUEUE_MANY: measure_enqueue_many,
    Phase.ENQUEUE_ASYNC: measure_enqueue_async,
    Phase.ENQUEUE_ASYNC_ALONE: measure_enqueue_async_alone,
    Phase.DRAIN_ASYNC: measure_drain_async,
    Phase.DRAIN_SYNC: measure_drain_sync,
    Phase.DRAIN_TWO_PROCESSES: measure_drain_two_processes,
    Phase.PICKUP: measure_pickup,
    Phase.LATENESS: measure_lateness,
    Phase.LATENESS_BESIDE_DRAIN: measure_lateness_beside_drain,
    Phase.URGENT: measure_urgent,
    Phase.REDIS_CPU: measure_redis_cpu,
    Phase.INVERSIONS: measure_inversions,
    Phase.STARTUP: measure_startup,
    Phase.MEMORY: measure_memory,
    Phase.CLAIM: measure_claim,
    Phase.MILLION: measure_million,
    Phase.FOOTPRINT: measure_footprint,
    Phase.RECOVERY: measure_recovery,
    Phase.HOST_LOSS: measure_host_loss,
    Phase.HAND_BACK: measure_hand_back,
    Phase.REPLACING: measure_replacing,
    Phase.RESTART: measure_restart,
    Phase.SENTINEL_FAILOVER: measure_sentinel_failover,
    Phase.CLUSTER_FAILOVER: measure_cluster_failover,
    Phase.IDLE: measure_idle,
}

Announce = Callable[[str], None]
"""Called with a line of text when something begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure, how often, and how much of it."""

    phases: frozenset[Phase]
    rounds: int
    scale: Scale

    @property
    def repeated(self) -> list[Phase]:
        """The phases of every round, in their order."""
        return [phase for phase in Phase if phase in self.phases - ONCE]

    @property
    def single(self) -> list[Phase]:
        """The phases that are measured once, in their order."""
        return [phase for phase in Phase if phase in self.phases & ONCE]


def measure(url: str | None, plan: Plan, announce: Announce) -> Results:
    """The figures of a plan, and the machine they were measured on.

    Every round runs all repeated phases. So if the machine becomes slower, all figures of a round are affected alike.
    `url` None means a private server, which is removed afterwards. Raises MeasurementFailed, BrokerError and
    ServerError.
    """
    with _workbench(url, plan.scale) as workbench:
        rounds: list[Figures] = []
        for number in range(1, 1 + plan.rounds if plan.repeated else 1):
            figures: Figures = {}
            for phase in plan.repeated:
                announce(f"round {number} of {plan.rounds}: {phase}")
                figures |= _run(phase, workbench)
            rounds.append(figures)
        once: Figures = {}
        for phase in plan.single:
            announce(f"once: {phase}")
            once |= _run(phase, workbench)
        return Results(rounds=tuple(rounds), once=once, scale=plan.scale, machine=_machine(workbench))


def profile(url: str | None, plan: Plan, announce: Announce) -> Profiles:
    """Run each phase of a plan once and return its profiles. Raises what `measure` raises.

    The worker processes are profiled; in a phase without workers, the process that enqueues.
    """
    processes: list[ProcessProfile] = []
    with _workbench(url, plan.scale) as workbench:
        for phase in (*plan.repeated, *plan.single):
            announce(f"under the profiler: {phase}")
            with tempfile.TemporaryDirectory(prefix="redisched-bench-") as name:
                workers, producer = Path(name, "workers"), Path(name, "producer")
                workers.mkdir()
                producer.mkdir()
                profiling = replace(workbench, profiles=workers)
                with profiled(producer):
                    _run(phase, profiling)
                of_workers = list(read_profiles(workers, f"{phase}: worker process"))
                processes += of_workers or read_profiles(producer, f"{phase}: producer")
        return Profiles(processes=tuple(processes), scale=plan.scale, machine=_machine(workbench))


def _run(phase: Phase, workbench: Workbench) -> Figures:
    workbench.settle()
    return PHASES[phase](workbench)


@contextmanager
def _workbench(url: str | None, scale: Scale) -> Iterator[Workbench]:
    with ExitStack() as stack:
        place = url or _started(_servers(scale.nodes), stack)
        broker = connect(place, _TIMEOUT_S, prefix_from(os.environ) or PREFIX)
        stack.callback(broker.close)
        yield Workbench(url=place, broker=broker, scale=scale)


def _servers(nodes: int) -> PrivateServer | ClusterServers:
    if nodes == 1:
        return PrivateServer()
    return ClusterServers(primaries=nodes, persistence=Persistence.EVERYSEC)


def _started(servers: PrivateServer | ClusterServers, stack: ExitStack) -> str:
    """Start servers that run until `stack` is closed, and return their URL."""
    stack.enter_context(servers)
    return servers.url


def _machine(workbench: Workbench) -> Machine:
    facts = workbench.facts("server")
    version = facts.get("valkey_version")
    return Machine(
        server=f"Valkey {version}" if version else f"Redis {facts['redis_version']}",
        python=platform.python_version(),
        cores=len(os.sched_getaffinity(0)),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )
