"""The phases of a measurement, each with a name, so that a user can run a single one."""

from enum import StrEnum


class Phase(StrEnum):
    """A part of the measurement, whose figures are measured together. The phases run in this order."""

    FLOOR = "floor"
    """What minimal Lua scripts reach."""
    ENQUEUE_ONE = "enqueue_one"
    """Blocking calls one after the other, and a plain loop of the same script calls."""
    ENQUEUE_COST = "enqueue_cost"
    """The time Redis spends on one such call, compared with a minimal script."""
    ENQUEUE_MANY = "enqueue_many"
    """Many tasks in one call."""
    ENQUEUE_ASYNC = "enqueue_async"
    """A hundred callers at once on one event loop."""
    ENQUEUE_ASYNC_ALONE = "enqueue_async_alone"
    """How long one call takes when nobody else calls."""
    DRAIN_ASYNC = "drain_async"
    """One worker process and an async handler that does nothing."""
    DRAIN_SYNC = "drain_sync"
    """The same with a sync handler."""
    DRAIN_TWO_PROCESSES = "drain_two_processes"
    """Two worker processes and an async handler."""
    PICKUP = "pickup"
    """From the call that enqueues to the start of the handler in an idle worker."""
    LATENESS = "lateness"
    """How long after its due time a delayed task starts, and whether any starts before."""
    LATENESS_BESIDE_DRAIN = "lateness_beside_drain"
    """The same in a worker that at the same time drains a full queue of less urgent tasks."""
    URGENT = "urgent"
    """From the call that enqueues an urgent task to its start in such a worker."""
    REDIS_CPU = "redis_cpu"
    """The CPU time of Redis per task, from its enqueue until it is forgotten."""
    INVERSIONS = "inversions"
    """How often a task started while a more urgent one waited."""
    STARTUP = "startup"
    """The time to import the library, and to show the command line's help."""
    MEMORY = "memory"
    """The memory of a waiting task in Redis."""
    CLAIM = "claim"
    """Claiming one task from a small and from a large backlog."""
    MILLION = "million"
    """A large backlog enqueued and drained by two worker processes, and their memory."""
    FOOTPRINT = "footprint"
    """The memory of a deployed fleet of one worker process."""
    RECOVERY = "recovery"
    """From the kill of a worker process to the start of its task in another."""
    HOST_LOSS = "host_loss"
    """The same for a worker without a supervisor, with a lease of 5 s."""
    HAND_BACK = "hand_back"
    """From the signal that stops a worker cleanly to the start of its running tasks in another."""
    REPLACING = "replacing"
    """Pick-up under a steady load by two processes, and the same while each is replaced every 1,000 tasks."""
    RESTART = "restart"
    """From the first reply of a restarted Redis, which was killed, to the first task that ends."""
    SENTINEL_FAILOVER = "sentinel_failover"
    """From the kill of a primary that Sentinels watch to the first task that its replica accepts."""
    CLUSTER_FAILOVER = "cluster_failover"
    """The same on a cluster."""
    IDLE = "idle"
    """How many commands idle workers send, and how many of them an enqueue wakes."""


ONCE = frozenset(
    {Phase.MEMORY, Phase.CLAIM, Phase.MILLION, Phase.RECOVERY, Phase.HOST_LOSS, Phase.HAND_BACK, Phase.RESTART}
    | {Phase.REPLACING}
    | {Phase.SENTINEL_FAILOVER, Phase.CLUSTER_FAILOVER, Phase.IDLE}
)
"""Phases that run once, after all rounds, because they take long and vary little."""

SHARDED = frozenset(
    {Phase.ENQUEUE_ONE, Phase.ENQUEUE_MANY, Phase.ENQUEUE_ASYNC, Phase.ENQUEUE_ASYNC_ALONE, Phase.DRAIN_ASYNC}
    | {Phase.DRAIN_SYNC, Phase.DRAIN_TWO_PROCESSES, Phase.PICKUP, Phase.LATENESS, Phase.LATENESS_BESIDE_DRAIN}
    | {Phase.URGENT, Phase.REDIS_CPU, Phase.IDLE}
)
"""Phases that are meaningful for a queue of several shards."""

CLUSTERED = SHARDED - {Phase.IDLE}
"""Phases that can be measured on a cluster."""

PROFILED = frozenset({Phase.ENQUEUE_ONE, Phase.ENQUEUE_MANY, Phase.ENQUEUE_ASYNC, Phase.DRAIN_ASYNC, Phase.DRAIN_SYNC})
"""Phases that are profiled if the user names none: those in which processes never wait."""
