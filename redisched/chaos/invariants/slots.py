"""Checks that every moment of a schedule fires once, or is skipped because its policy says so."""

from collections.abc import Iterable, Iterator, Mapping

from redisched.chaos.history.record import Record, Slot, SlotState
from redisched.chaos.invariants.invariant import Invariant, Listener, Tolerances, Violation


class EverySlotFiresOnce(Invariant):
    """I10: a slot fires at most once, and is skipped only if the policy for missed slots says so."""

    name = "I10"

    def __init__(self, tolerances: Tolerances) -> None:
        super().__init__(tolerances)
        self._due: dict[tuple[str, int], Slot] = {}
        self._fired: dict[tuple[str, int], Slot] = {}
        self._skipped: set[tuple[str, int]] = set()

    def listeners(self) -> Mapping[type[Record], Listener]:
        return {Slot: self._slot}

    def finish(self) -> Iterator[Violation]:
        for slot, due in self._due.items():
            if slot not in self._fired and slot not in self._skipped:
                yield self.violated("a slot is missing", due)

    def _slot(self, record: Slot) -> Iterable[Violation]:
        slot = (record.schedule, record.slot_ms)
        if record.state is SlotState.DUE:
            self._due.setdefault(slot, record)
        elif record.state is SlotState.SKIPPED:
            self._skipped.add(slot)
        else:
            first = self._fired.setdefault(slot, record)
            if first is not record:
                yield self.violated("a slot fired twice", first, record)
