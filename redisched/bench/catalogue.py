"""The catalogue of figures: for each its name, its unit, the figure it is compared with, and its target."""

from dataclasses import dataclass

from redisched.bench.departure import LEASE_S
from redisched.bench.scale import Scale
from redisched.bench.target import Target, at_least, at_least_times, at_most, at_most_times
from redisched.config import WorkerSettings

ENQUEUE_FLOOR = "floor.enqueue_per_s"
CLAIM_FLOOR = "floor.claim_ack_per_s"
ROUND_TRIPS_MS = 5
"""How much longer than the prefetch window an urgent task may take: its way to Redis, and from there to the worker."""

_DIGITS = {"/s": 0, "tasks": 0, "ms": 3, "per s": 2}
"""Digits after the decimal point for each unit that does not have one digit."""

BROKEN_PROMISES = frozenset({"late_ms.early", "late_beside_drain_ms.early", "inversions"})
"""Counts of events that must never happen. Of several rounds the worst is shown, because a median would hide it."""


@dataclass(frozen=True, slots=True)
class Row:
    """How a figure is shown: the path to it, its label and unit, the figure it is compared with, and its target."""

    path: str
    label: str
    unit: str
    beside: str = ""
    target: Target | None = None

    @property
    def more_is_better(self) -> bool:
        """Whether a larger value is better, which is so only for rates."""
        return self.unit == "/s"

    def shown(self, value: float) -> str:
        """A value with its unit."""
        number = self.number(value)
        return f"{number}{self.unit}" if self.more_is_better else f"{number} {self.unit}".rstrip()

    def number(self, value: float) -> str:
        """A value as text, with as many digits as are meaningful for its unit."""
        return f"{value:,.{_DIGITS.get(self.unit, 1)}f}"


def rows(scale: Scale) -> tuple[Row, ...]:
    """Every figure that is shown, in the order of the report."""
    return (*_enqueueing(), *_draining(), *_punctuality(), *_costs(scale), *_backlog(scale), *_fleet(scale))


def _enqueueing() -> tuple[Row, ...]:
    return (
        Row(ENQUEUE_FLOOR, "floor: bare Lua, enqueue", "/s"),
        Row(CLAIM_FLOOR, "floor: bare Lua, claim and ack", "/s"),
        Row("enqueue_one_client_per_s", "bare script calls one by one", "/s", ENQUEUE_FLOOR),
        Row("enqueue_one_per_s", "enqueue one by one", "/s", "enqueue_one_client_per_s", at_least_times(0.85)),
        Row("enqueue_least_us", "floor: the least enqueue of one task, in Redis", "us"),
        Row("enqueue_us", "enqueue of one task, in Redis", "us", "enqueue_least_us", at_most_times(1.1)),
        Row("enqueue_many_per_s", "enqueue_many", "/s", ENQUEUE_FLOOR, at_least_times(0.6)),
        Row("enqueue_async_per_s", "enqueue_async, 100 at once", "/s", ENQUEUE_FLOOR, at_least(30_000)),
        Row("enqueue_async_alone_ms.p50", "enqueue_async alone p50", "ms"),
        Row("enqueue_async_alone_ms.p99", "enqueue_async alone p99", "ms", target=at_most(3)),
    )


def _draining() -> tuple[Row, ...]:
    return (
        Row("drain_async_per_s", "drain, 1 process, async", "/s", CLAIM_FLOOR, at_least_times(0.5)),
        Row("drain_sync_per_s", "drain, 1 process, sync", "/s", CLAIM_FLOOR, at_least(20_000)),
        Row("drain_two_processes_per_s", "drain, 2 processes", "/s", "drain_async_per_s", at_least_times(1.15)),
        Row("inversions", "priority inversions", "tasks"),
    )


def _punctuality() -> tuple[Row, ...]:
    longest_ms = WorkerSettings().window_ms + ROUND_TRIPS_MS
    return (
        Row("pickup_ms.p50", "idle pick-up p50", "ms", target=at_most(0.7)),
        Row("pickup_ms.p99", "idle pick-up p99", "ms", target=at_most(3)),
        Row("late_ms.p50", "lateness p50", "ms", target=at_most(0.5)),
        Row("late_ms.p99", "lateness p99", "ms", target=at_most(3)),
        Row("late_ms.max", "lateness, the worst", "ms", target=at_most(15)),
        Row("late_ms.early", "started early", "tasks", target=at_most(0)),
        Row("late_beside_drain_ms.p50", "lateness beside a drain p50", "ms"),
        Row("late_beside_drain_ms.p99", "lateness beside a drain p99", "ms", target=at_most(50)),
        Row("late_beside_drain_ms.early", "started early beside a drain", "tasks", target=at_most(0)),
        Row("urgent_ms.p50", "urgent among less urgent p50", "ms"),
        Row("urgent_ms.p99", "urgent among less urgent p99", "ms", target=at_most(longest_ms)),
        Row("urgent_ms.max", "urgent among less urgent, the worst", "ms"),
    )


def _costs(scale: Scale) -> tuple[Row, ...]:
    return (
        Row("redis_us_per_task", "Redis CPU per task", "us", target=at_most(25)),
        *(
            Row(
                f"node_us_per_task.{number}", f"Redis CPU per task, node {number} of {scale.nodes}, busiest first", "us"
            )
            for number in range(1, scale.nodes + 1)
            if scale.nodes > 1
        ),
        Row("startup_ms.import", "import redisched", "ms", target=at_most(120)),
        Row("startup_ms.import_scheduler", "import of its Scheduler", "ms", target=at_most(120)),
        Row("startup_ms.help", "redisched --help", "ms", target=at_most(200)),
    )


def _backlog(scale: Scale) -> tuple[Row, ...]:
    small, large = f"claim_us.{scale.small_backlog}", f"claim_us.{scale.large_backlog}"
    backlog = f"{scale.large_backlog:,}"
    return (
        Row("bytes_per_task", f"memory per task, {backlog} waiting", "bytes", target=at_most(260)),
        Row(small, f"claim, {scale.small_backlog:,} waiting", "us"),
        Row(large, f"claim, {backlog} waiting", "us", small, at_most_times(1.2)),
        Row("million.enqueue_s", f"enqueue {backlog}", "s"),
        Row("million.seconds", f"enqueue and drain {backlog}", "s", target=at_most(60)),
        Row("fleet_mb", "memory of a fleet of one worker process", "MB", target=at_most(40)),
        Row("million.worker_rss_mb", "the most memory of a worker", "MB", target=at_most(80)),
    )


def _fleet(scale: Scale) -> tuple[Row, ...]:
    return (
        Row("recovery_ms.p50", "recovery from kill -9 p50", "ms"),
        Row("recovery_ms.p99", "recovery from kill -9 p99", "ms", target=at_most(1_000)),
        Row("host_loss_ms.p50", "recovery from the loss of a host p50", "ms"),
        Row("host_loss_ms.p99", "recovery from the loss of a host p99", "ms", target=at_most(1e3 * LEASE_S + 2_000)),
        Row("hand_back_ms.p50", "hand-back at a stop p50", "ms"),
        Row("hand_back_ms.p99", "hand-back at a stop p99", "ms", target=at_most(200)),
        Row("steady_pickup_ms.p50", "pick-up under load p50", "ms"),
        Row("steady_pickup_ms.p99", "pick-up under load p99", "ms"),
        Row("replacing_pickup_ms.p50", "pick-up while processes are replaced p50", "ms", "steady_pickup_ms.p50"),
        Row(
            "replacing_pickup_ms.p99",
            "pick-up while processes are replaced p99",
            "ms",
            "steady_pickup_ms.p99",
            at_most_times(2),
        ),
        Row("restart_ms.p50", "first task after a restart p50", "ms"),
        Row("restart_ms.p99", "first task after a restart p99", "ms", target=at_most(1_000)),
        Row("sentinel_failover_ms.p50", "without a primary, Sentinels p50", "ms"),
        Row("sentinel_failover_ms.p99", "without a primary, Sentinels p99", "ms", target=at_most(4_000)),
        Row("cluster_failover_ms.p50", "without a primary, cluster p50", "ms"),
        Row("cluster_failover_ms.p99", "without a primary, cluster p99", "ms", target=at_most(6_000)),
        Row("idle.commands_per_s", f"commands, each of {scale.idle_workers} idle workers", "per s", target=at_most(1)),
        Row("idle.commands_per_s_most", "commands, the busiest of them", "per s", target=at_most(1)),
        Row("idle.connections_most", "connections, at most", "", target=at_most(1 + 2 * scale.shards)),
        Row("idle.woken", "workers woken by an enqueue", "", target=at_most(2)),
    )
