"""What people can tell one worker to do, and in which state it is then."""

from enum import StrEnum


class WorkerOrder(StrEnum):
    """What is to be done. The values are stored."""

    QUIET = "quiet"
    """Claim nothing more. Running handlers go on, and the process stays."""
    RESUME = "resume"
    """Claim again."""
    STOP = "stop"
    """End in good order. The supervisor starts no other process in its place."""
    RECYCLE = "recycle"
    """End in good order, once another process has taken its place."""


class WorkerState(StrEnum):
    """What a worker does about new tasks."""

    WORKING = "working"
    QUIET = "quiet"
    """It claims nothing, as it was told."""
    DRAINING = "draining"
    """It claims nothing, and ends when its handlers have ended."""
    STOPPING = "stopping"
    """It claims nothing, and its handlers have until the end of the grace."""
