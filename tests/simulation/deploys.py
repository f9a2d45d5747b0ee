"""Workers of two deploys beside each other: half of the machines do not know a name that producers use."""

from redisched.codec import decode_failure
from redisched.model import DeathReason
from tests.simulation.calls import check
from tests.simulation.server import Call

NEW = "new"
"""The handler that only the new deploy has."""
NEW_SHARE = 0.3
"""The share of its tasks."""
MACHINES = 2
"""So many machines there are at least."""


def is_of_new_deploy(process: str) -> bool:
    """Whether a process knows the new name: those of every other machine do, and so do those of the first."""
    return int(process[1:].partition(".")[0]) % 2 == 0


class DeployReferee:
    """Watches that no task is given up because a worker does not know its name."""

    def observe(self, call: Call) -> None:
        """Check an answer. Raises Foul."""
        if call.script == "bury":
            reasons = [decode_failure(failure).reason for failure in call.arguments[2::3]]
            check(DeathReason.UNROUTABLE not in reasons, "G37: a task waits for a worker that knows it", call, reasons)

    def undo(self, kept: int) -> None:
        """It remembers nothing."""
