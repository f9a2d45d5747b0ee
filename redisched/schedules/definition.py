"""What a schedule is: its slots, and the task that each of them enqueues."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

from redisched.codec import DIGEST_BYTES, decode_task
from redisched.errors import InvalidOption, Undecodable
from redisched.packing import pack_own, unpack
from redisched.timetable.misfire import Misfire
from redisched.timetable.timing import Timing

LONGEST_NAME = 150
_NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.:<>#-]{{0,{LONGEST_NAME - 1}}}")
_DELAY = re.compile(rb"(?:^|(?<= ))(deadline|expires)=\+(\d+) ")
_ENDING = re.compile(rb"(?:^| )expires=\S+ ")
LATEST = Misfire(most=1)


class Overlap(StrEnum):
    """What a schedule does at a slot while the task of the slot before has not ended."""

    ALLOW = "allow"
    """It enqueues the next task all the same."""
    SKIP = "skip"
    """It enqueues nothing, and goes on to its next slot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotTask:
    """The task that each slot enqueues. `record` is digest and body, `traits` are as for an enqueue, and `options` are
    the checked options that were given for it, from which it can be made again.
    """

    handler: str
    priority: int
    record: bytes
    traits: bytes
    options: Mapping[str, Any]

    def identity(self) -> bytes:
        """What tells the call from others: the same for the same arguments, by position or by name, and whatever the
        order of the keys in their dicts.
        """
        try:
            keep = decode_task(self.record, len(self.record)).keep
        except Undecodable:
            return self.record
        # The digest covers all else, and of what is kept only what the call itself asks for.
        return self.record[:DIGEST_BYTES] + str(keep).encode()

    def traits_at(self, run_at_ms: int) -> bytes:
        """The traits of the task that runs at a moment: durations count from it."""
        end = found.end() if (found := _ENDING.search(self.traits)) else len(self.traits)
        limits = _DELAY.sub(lambda found: b"%s=@%d " % (found[1], run_at_ms + int(found[2])), self.traits[:end])
        return limits + self.traits[end:]

    def limits_ms(self) -> dict[str, int]:
        """How long after its time the task of a slot expires and has its deadline, as far as it has such limits."""
        end = found.end() if (found := _ENDING.search(self.traits)) else len(self.traits)
        return {found[1].decode(): int(found[2]) for found in _DELAY.finditer(self.traits[:end])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a schedule is. `application` is whose code declares it, empty if it was added by a call, and `declared` the
    digest of what the code says.
    """

    timing: Timing
    task: SlotTask
    misfire: Misfire = LATEST
    overlap: Overlap = Overlap.ALLOW
    application: str = ""
    declared: str = ""

    def identity(self) -> bytes:
        """The same for all definitions that say the same."""
        return replace(self, task=replace(self.task, record=self.task.identity())).encode()

    def encode(self) -> bytes:
        task = [getattr(self.task, field.name) for field in fields(SlotTask)]
        parts = [self.timing.as_record(), task, self.misfire.most, self.overlap, self.application, self.declared]
        return pack_own(parts)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read what `encode` made. Raises Undecodable, also for a time zone that this machine does not know."""
        try:
            timing, (handler, priority, record, traits, options), most, overlap, application, declared = unpack(data)
            return cls(
                timing=Timing.from_record(timing),
                task=SlotTask(handler=handler, priority=priority, record=record, traits=traits, options=options),
                misfire=Misfire(most=most),
                overlap=Overlap(overlap),
                application=application,
                declared=declared,
            )
        except (ValueError, TypeError) as error:
            raise Undecodable(f"a schedule: {error}") from error


def check_schedule_name(option: str, value: object) -> str:
    """Check the name of a schedule, which the ids of its tasks begin with."""
    if not isinstance(value, str) or _NAME.fullmatch(value) is None:
        allowed = f"1 to {LONGEST_NAME} letters, digits or any of . : _ < > # -, beginning with a letter, a digit or _"
        raise InvalidOption(option, value, allowed)
    return str.__str__(value)


def check_overlap(option: str, value: object) -> Overlap:
    """Check what happens while the task of the slot before has not ended: a member of Overlap, or its text."""
    if not isinstance(value, str) or value not in tuple(Overlap):
        raise InvalidOption(option, value, f"one of {', '.join(Overlap)}")
    return Overlap(value)
