"""Every phase on a small scale: all figures are there, and the bench leaves no key in Redis."""

from collections.abc import Iterable

import pytest

from redisched.bench.catalogue import rows
from redisched.bench.figures import find, paths_of
from redisched.bench.phase import ONCE, PROFILED, Phase
from redisched.bench.session import PHASES, Plan, measure, profile
from redisched.store.broker import Broker
from tests.bench.conftest import TINY

pytestmark = pytest.mark.measured

PATHS: dict[Phase, set[str]] = {
    Phase.FLOOR: {"floor.enqueue_per_s", "floor.claim_ack_per_s"},
    Phase.ENQUEUE_ONE: {"enqueue_one_per_s", "enqueue_one_client_per_s"},
    Phase.ENQUEUE_COST: {"enqueue_us", "enqueue_least_us"},
    Phase.ENQUEUE_MANY: {"enqueue_many_per_s"},
    Phase.ENQUEUE_ASYNC: {"enqueue_async_per_s"},
    Phase.ENQUEUE_ASYNC_ALONE: {"enqueue_async_alone_ms.p50", "enqueue_async_alone_ms.p99"},
    Phase.DRAIN_ASYNC: {"drain_async_per_s"},
    Phase.DRAIN_SYNC: {"drain_sync_per_s"},
    Phase.DRAIN_TWO_PROCESSES: {"drain_two_processes_per_s"},
    Phase.PICKUP: {"pickup_ms.p50", "pickup_ms.p99"},
    Phase.LATENESS: {"late_ms.p50", "late_ms.p99", "late_ms.max", "late_ms.early"},
    Phase.LATENESS_BESIDE_DRAIN: {f"late_beside_drain_ms.{inner}" for inner in ("p50", "p99", "max", "early", "tasks")},
    Phase.URGENT: {"urgent_ms.p50", "urgent_ms.p99", "urgent_ms.max"},
    Phase.REDIS_CPU: {"redis_us_per_task"},
    Phase.INVERSIONS: {"inversions"},
    Phase.STARTUP: {"startup_ms.import", "startup_ms.import_scheduler", "startup_ms.help"},
    Phase.MEMORY: {"bytes_per_task"},
    Phase.CLAIM: {"claim_us.5", "claim_us.20"},
    Phase.MILLION: {"million.seconds", "million.enqueue_s", "million.worker_rss_mb"},
    Phase.FOOTPRINT: {"fleet_mb"},
    Phase.RECOVERY: {"recovery_ms.p50", "recovery_ms.p99"},
    Phase.HOST_LOSS: {"host_loss_ms.p50", "host_loss_ms.p99"},
    Phase.HAND_BACK: {"hand_back_ms.p50", "hand_back_ms.p99"},
    Phase.REPLACING: {
        *(f"{name}_pickup_ms.{percent}" for name in ("steady", "replacing") for percent in ("p50", "p99"))
    },
    Phase.RESTART: {"restart_ms.p50", "restart_ms.p99"},
    Phase.SENTINEL_FAILOVER: {"sentinel_failover_ms.p50", "sentinel_failover_ms.p99"},
    Phase.CLUSTER_FAILOVER: {"cluster_failover_ms.p50", "cluster_failover_ms.p99"},
    Phase.IDLE: {f"idle.{inner}" for inner in ("commands_per_s", "commands_per_s_most", "connections_most", "woken")},
}
"""phase -> the paths of its figures"""

MAY_BE_ZERO = {
    "late_ms.early",
    "late_beside_drain_ms.early",
    "inversions",
    "redis_us_per_task",
    "million.enqueue_s",
    "idle.commands_per_s",
    "idle.commands_per_s_most",
}


def plan(*phases: Phase, rounds: int = 1) -> Plan:
    return Plan(phases=frozenset(phases), rounds=rounds, scale=TINY)


def ignore(_what: str) -> None:
    pass


@pytest.mark.parametrize("phase", list(Phase))
def test_a_phase_gives_only_its_own_figures_and_leaves_no_key(phase: Phase, url: str, broker: Broker) -> None:
    announced: list[str] = []
    results = measure(url, plan(phase), announced.append)
    (figures,) = (figures for figures in results.all_rounds if figures)
    assert announced == [f"once: {phase}" if phase in ONCE else f"round 1 of 1: {phase}"]
    assert set(paths_of(figures)) == PATHS[phase]
    for path in PATHS[phase]:
        value = find(path, figures)
        assert value is not None
        assert value > 0 or (value == 0 and path in MAY_BE_ZERO), path
    # What workers say of themselves, and of what they did, stays for its time as that of other workers does.
    assert [key for key in broker.client().perform(("KEYS", "*")) if not key.startswith(b"redisched:{/workers}:")] == []


def test_every_phase_can_be_measured() -> None:
    assert list(PHASES) == list(Phase) == list(PATHS)


def test_every_shown_figure_is_measured() -> None:
    assert {row.path for row in rows(TINY)} <= union(PATHS.values())


def union(sets: Iterable[set[str]]) -> set[str]:
    return {path for paths in sets for path in paths}


def test_each_round_has_its_own_floor_and_every_phase_that_is_not_measured_once(url: str) -> None:
    announced: list[str] = []
    results = measure(url, plan(Phase.FLOOR, Phase.ENQUEUE_MANY, Phase.CLAIM, rounds=2), announced.append)
    assert announced == [
        "round 1 of 2: floor",
        "round 1 of 2: enqueue_many",
        "round 2 of 2: floor",
        "round 2 of 2: enqueue_many",
        "once: claim",
    ]
    repeated = PATHS[Phase.FLOOR] | PATHS[Phase.ENQUEUE_MANY]
    assert [set(paths_of(figures)) for figures in results.rounds] == [repeated, repeated]
    assert set(paths_of(results.once)) == PATHS[Phase.CLAIM]
    assert results.rounds[0] != results.rounds[1]


def test_keys_that_were_in_redis_before_are_kept(url: str, broker: Broker) -> None:
    broker.client().perform(("SET", "mine", "1"))
    broker.client().perform(("SADD", "redisched:queues", "mine"))
    measure(url, plan(Phase.FLOOR, Phase.ENQUEUE_MANY), ignore)
    assert sorted(broker.client().perform(("KEYS", "*"))) == [b"mine", b"redisched:queues"]
    assert broker.client().perform(("SMEMBERS", "redisched:queues")) == [b"mine"]


def test_no_task_starts_early_or_in_wrong_order(url: str) -> None:
    (figures,) = measure(url, plan(Phase.LATENESS, Phase.INVERSIONS), ignore).rounds
    assert find("late_ms.early", figures) == 0
    assert find("inversions", figures) == 0


def test_a_profile_shows_the_workers_or_without_workers_the_producer(url: str) -> None:
    found = profile(url, plan(Phase.ENQUEUE_MANY, Phase.DRAIN_TWO_PROCESSES), ignore)
    producer, *workers = found.processes
    assert [process.title for process in found.processes] == [
        "enqueue_many: producer",
        "drain_two_processes: worker process",
        "drain_two_processes: worker process",
    ]
    assert any("Producer.request" in function.name for function in producer.functions)
    for worker in workers:
        assert any("redisched/engine/worker.py" in function.name for function in worker.functions)


def test_phases_measured_only_once_are_not_profiled_by_default() -> None:
    assert set(Phase) - ONCE >= PROFILED
