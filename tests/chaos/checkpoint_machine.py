"""The machine of a queue, with handlers that save how far they have come."""

from collections.abc import Sequence
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from redisched.store.broker import Broker
from redisched.store.values import Checkpoint, Claim, ClaimRequest, Status
from tests.chaos.focused_machine import FocusedMachine
from tests.chaos.machine import TokenKind, shown
from tests.chaos.model import Model
from tests.chaos.model_task import Place, Task
from tests.chaos.mutant import Mutant
from tests.lua.situation import Situation

CHECKPOINT_MUTANTS = {
    "a worker that lost the task saves": Mutant(
        "checkpoint", "if holds(redis.call('HGET', HELD, id), token) then", "if redis.call('HGET', HELD, id) then"
    ),
    "other arguments go on from the checkpoint": Mutant("revive", "      redis.call('HDEL', CHECKPOINTS, id)\n", "\n"),
    "a claim does not tell of a checkpoint": Mutant("claim", "  mark_resumable(ids, tries)\n", "\n"),
    **{
        f"{edge} leaves a checkpoint": Mutant(edge, "format and CHECKPOINTS or nil, ", "")
        for edge in (
            *("ack", "cancel", "claim", "discard", "expire", "forget"),
            *("reap", "recover", "release", "retry", "snooze"),
        )
    },
}
"""The last ones: every edge that may end a task removes its checkpoint with its record."""


class CheckpointModel(Model):
    """The model of a queue, and what its handlers have saved."""

    def __init__(self, now_us: int) -> None:
        super().__init__(now_us)
        self.saved: dict[str, bytes] = {}

    def checkpoint(self, checkpoints: Sequence[Checkpoint]) -> list[Status]:
        return [self._save(*checkpoint) for checkpoint in checkpoints]

    def _save(self, id: str, token: int, state: bytes) -> Status:
        task = self.tasks.get(id)
        if task is None or task.place is not Place.LEASED or task.token != token:
            return Status.LOST
        self.saved[id], self.format = state, 3
        return Status.SAVED

    def claim(self, request: ClaimRequest) -> Claim:
        claim = super().claim(request)
        return claim._replace(leases=[lease._replace(has_checkpoint=lease.id in self.saved) for lease in claim.leases])

    def revive(self, ids: Sequence[str], body: bytes = b"") -> list[Status]:
        statuses = super().revive(ids, body)
        for id, status in zip(ids, statuses, strict=True):
            if status is Status.REVIVED and body:
                self.saved.pop(id, None)
        return statuses

    def situation(self) -> Situation:
        """What Redis must hold. A checkpoint goes with the record of its task."""
        with_record = {id for id, task in self.tasks.items() if task.place is not Place.ENDED}
        self.saved = {id: state for id, state in self.saved.items() if id in with_record}
        found = super().situation()
        if self.saved:
            found["checkpoints"] = {id: state.decode() for id, state in self.saved.items()}
        return found


class CheckpointMachine(FocusedMachine):
    """Every rule is one call of one edge."""

    broker: ClassVar[Broker]

    def __init__(self) -> None:
        super().__init__()
        self.model: CheckpointModel = CheckpointModel(self.time.now_us)

    def matters(self, task: Task) -> bool:
        return task.id in self.model.saved

    def on_first_lease(self, task: Task) -> None:
        self.call("checkpoint", [Checkpoint(task.id, task.token, b"page 0")])

    @rule(shown=shown, state=st.sampled_from([b"page 1", b"page 2"]))
    def checkpoint(self, shown: list[tuple[int, TokenKind]], state: bytes) -> None:
        self.call("checkpoint", [Checkpoint(id, token, state) for id, token in self.settled(shown)])


def checkpoint_machine_on(broker: Broker) -> type[CheckpointMachine]:
    """The machine of one broker."""

    class CheckpointMachineOnBroker(CheckpointMachine):
        pass

    CheckpointMachineOnBroker.broker = broker
    return CheckpointMachineOnBroker
