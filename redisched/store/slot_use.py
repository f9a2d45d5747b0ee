"""How many slots of the live workers of a queue are busy, as the workers said last."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from redisched.store.operation import Operation, ScriptRunner
from redisched.store.presence import Deployment
from redisched.store.roster import QUIET, Roster

MOST_WORKERS = 1_000
"""Of more workers it is not known how busy they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSlots:
    """The workers that take tasks of a queue, how many slots they have, and how many of these run a task. Workers run
    tasks of their other queues, too.
    """

    workers: int = 0
    slots: int = 0
    busy: int = 0

    @property
    def are_all_busy(self) -> bool:
        """Whether there are slots, and none is free."""
        return 0 < self.slots <= self.busy

    def __add__(self, other: "QueueSlots") -> "QueueSlots":
        return QueueSlots(
            workers=self.workers + other.workers, slots=self.slots + other.slots, busy=self.busy + other.busy
        )


class SlotUse(NamedTuple):
    """The slots of all live workers that take tasks, by what they serve."""

    by_deployment: Mapping[Deployment, QueueSlots]
    is_complete: bool

    def of(self, queue: str) -> QueueSlots | None:
        """The slots of the workers that serve a queue; None if not all workers are known."""
        if not self.is_complete:
            return None
        serving = (slots for served, slots in self.by_deployment.items() if queue in served.queues)
        return sum(serving, QueueSlots())


def read_slot_use(script_runner: ScriptRunner) -> Operation[SlotUse]:
    """Read the slots of live workers. It is not complete if there are too many workers, or some serve more queues than
    they tell.
    """
    roster = Roster(script_runner)
    present = yield from roster.present(MOST_WORKERS)
    taking = [worker for worker in present.values() if worker.presence.state not in QUIET]
    by_digest: defaultdict[str, QueueSlots] = defaultdict(QueueSlots)
    for worker in taking:
        said = worker.presence
        by_digest[said.deployment] += QueueSlots(workers=1, slots=said.slots, busy=min(said.busy, said.slots))
    read = yield from roster.deployments_of(taking)
    tell_all = len(read) == len(by_digest) and not any(served.more_queues for served in read.values())
    known = {served: by_digest[digest] for digest, served in read.items()}
    return SlotUse(known, is_complete=tell_all and len(present) < MOST_WORKERS)
