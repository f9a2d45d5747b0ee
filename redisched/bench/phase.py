"""The phases of a measurement by name, so that one can be run alone."""

from enum import StrEnum


class Phase(StrEnum):
    """What is measured together, in the order it is measured."""

    FLOOR = "floor"
    """What bare Lua reaches."""
    ENQUEUE_ONE = "enqueue_one"
    """Blocking calls one after the other, and a bare loop of the same script calls."""
    ENQUEUE_COST = "enqueue_cost"
    """What Redis spends on one such call, beside the least script that could do it."""
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
    """How long after its time a delayed task starts, and whether any starts before."""
    LATENESS_BESIDE_DRAIN = "lateness_beside_drain"
    """The same in a worker that drains a full queue of less urgent tasks meanwhile."""
    URGENT = "urgent"
    """From the call that enqueues an urgent task to its start in such a worker."""
    REDIS_CPU = "redis_cpu"
    """What a task costs Redis from its enqueueing until it is forgotten."""
    INVERSIONS = "inversions"
    """How often a task started while a more urgent one waited."""
    STARTUP = "startup"
    """What it takes to import the library and to show the help."""
    MEMORY = "memory"
    """What a waiting task takes in Redis."""
    CLAIM = "claim"
    """Claiming one task from a small and from a large backlog."""
    MILLION = "million"
    """A large backlog enqueued and drained by two worker processes, and their memory."""
    FOOTPRINT = "footprint"
    """The memory of a deployed fleet of one worker process."""
    RECOVERY = "recovery"
    """From the kill of a worker process to the start of its task in another."""
    HOST_LOSS = "host_loss"
    """The same for a worker that nobody supervises, under a lease of 5 s."""
    HAND_BACK = "hand_back"
    """From the signal that stops a worker in good order to the start of its running tasks in another."""
    RESTART = "restart"
    """From when a killed Redis answers again, on its data, to the first task that ends."""
    SENTINEL_FAILOVER = "sentinel_failover"
    """From the kill of a primary that Sentinels watch to the first task that its replica takes."""
    CLUSTER_FAILOVER = "cluster_failover"
    """The same on a cluster."""
    IDLE = "idle"
    """What workers that have nothing to do ask of Redis, and how many of them an enqueue wakes."""


ONCE = frozenset(
    {Phase.MEMORY, Phase.CLAIM, Phase.MILLION, Phase.RECOVERY, Phase.HOST_LOSS, Phase.HAND_BACK, Phase.RESTART}
    | {Phase.SENTINEL_FAILOVER, Phase.CLUSTER_FAILOVER, Phase.IDLE}
)
"""Measured once and not in every round, as they take long and vary little; they come last."""

SHARDED = frozenset(
    {Phase.ENQUEUE_ONE, Phase.ENQUEUE_MANY, Phase.ENQUEUE_ASYNC, Phase.ENQUEUE_ASYNC_ALONE, Phase.DRAIN_ASYNC}
    | {Phase.DRAIN_SYNC, Phase.DRAIN_TWO_PROCESSES, Phase.PICKUP, Phase.LATENESS, Phase.LATENESS_BESIDE_DRAIN}
    | {Phase.URGENT, Phase.REDIS_CPU, Phase.IDLE}
)
"""Those that mean something for a queue of several shards."""

CLUSTERED = SHARDED - {Phase.IDLE}
"""Those that can be measured on a cluster."""

PROFILED = frozenset({Phase.ENQUEUE_ONE, Phase.ENQUEUE_MANY, Phase.ENQUEUE_ASYNC, Phase.DRAIN_ASYNC, Phase.DRAIN_SYNC})
"""Whose profiles are of interest when no phase is named: those that do nothing but work."""
