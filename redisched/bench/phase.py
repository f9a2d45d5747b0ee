"""The phases of a measurement by name, so that one can be run alone."""

from enum import StrEnum


class Phase(StrEnum):
    """What is measured together, in the order it is measured."""

    FLOOR = "floor"
    """What bare Lua reaches."""
    ENQUEUE_ONE = "enqueue_one"
    """Blocking calls one after the other, and a bare loop of the same script calls."""
    ENQUEUE_MANY = "enqueue_many"
    """Many tasks in one call."""
    ENQUEUE_ASYNC = "enqueue_async"
    """A hundred callers at once on one event loop."""
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
    MEMORY = "memory"
    """What a waiting task takes in Redis."""
    REDIS_CPU = "redis_cpu"
    """What a task costs Redis from its enqueueing until it is forgotten."""
    INVERSIONS = "inversions"
    """How often a task started while a more urgent one waited."""
    CLAIM = "claim"
    """Claiming one task from a small and from a large backlog."""
