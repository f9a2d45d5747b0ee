"""What people can tell one worker to do. Workers hear it within five seconds, when they say that they live."""

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
