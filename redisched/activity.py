"""What workers did in a span of time: how attempts ended, how long tasks had waited, and how long they ran.

It is stored as text, such as '0=12 16=340 34=12', which is an index and its number, for all numbers that are not 0. So
a script adds two of them and does not need to know what they mean. An index keeps its meaning for ever.

Durations are counted by powers of two: bucket 0 has those below 1 ms, bucket n those from 2^(n-1) ms to below 2^n ms.
"""

import math
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Self

from redisched.errors import Undecodable


class AttemptEnd(IntEnum):
    """How an attempt ended, and what else a worker does to tasks. The numbers are stored."""

    SUCCEEDED = 0
    FAILED = 1
    """It is tried again."""
    DEAD = 2
    CANCELLED = 3
    CRASHED = 4
    """Its process died, and it is tried again."""
    SNOOZED = 5
    RELEASED = 6
    """The worker gave it back."""
    REFUSED = 7
    """The lease had been lost to another worker, so Redis refused the end."""
    LOST = 8
    """It may start only once, and nobody knows how it ended."""
    LEASE_EXPIRED = 9
    """Its worker was gone, and another one took the task back."""
    EXPIRED = 10
    """It did not start in time, so it never will."""


BUCKETS = 32
"""How many buckets a histogram has; the last one has all durations that are longer."""
WAIT_MS = 16
RUN_MS = 17
"""The indexes of the sums of all durations."""
WAITS = 32
RUNS = WAITS + BUCKETS
"""The indexes of the first buckets of the two histograms."""
SIZE = RUNS + BUCKETS
LARGEST = 2**53
"""Lua counts exactly up to this."""


def bucket_of(duration_ms: int) -> int:
    """The bucket of a duration, which is 0 or more."""
    return min(duration_ms.bit_length(), BUCKETS - 1)


def upper_bound_ms(bucket: int) -> float:
    """Durations of a bucket are shorter than this; of the last one, infinity."""
    return math.inf if bucket == BUCKETS - 1 else 2.0**bucket


class Activity:
    """Numbers by their index. `counts` has one for each."""

    __slots__ = ("counts",)

    def __init__(self, counts: list[int] | None = None) -> None:
        self.counts = counts or [0] * SIZE

    def encode(self) -> str:
        """The text that is stored."""
        return " ".join(f"{index}={number}" for index, number in enumerate(self.counts) if number)

    @classmethod
    def decode(cls, text: bytes) -> Self:
        """Read the text that is stored. What only later versions count is left out. Raises Undecodable."""
        activity = cls()
        try:
            for pair in text.split():
                index, number = map(int, pair.split(b"="))
                if index < 0 or not 0 <= number <= LARGEST:
                    raise ValueError(pair)
                if index < SIZE:
                    activity.counts[index] += number
        except ValueError as error:
            raise Undecodable(f"not what workers count: {error}") from None
        return activity

    def add(self, other: "Activity") -> None:
        """Add what happened in another span of time, or in another queue."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]

    def number(self, end: AttemptEnd) -> int:
        """How many attempts ended so."""
        return self.counts[end]

    @property
    def ended(self) -> int:
        """How many tasks ended: they will not run again."""
        return sum(self.counts[end] for end in ENDS_OF_TASKS)

    @property
    def waits(self) -> Sequence[int]:
        """How many tasks had waited how long between their due time and the start of the attempt."""
        return self.counts[WAITS:RUNS]

    @property
    def runs(self) -> Sequence[int]:
        """How many attempts ran how long."""
        return self.counts[RUNS:SIZE]

    @property
    def wait_ms(self) -> int:
        """The sum of all waits."""
        return self.counts[WAIT_MS]

    @property
    def run_ms(self) -> int:
        """The sum of all running times."""
        return self.counts[RUN_MS]


ENDS_OF_TASKS = (
    AttemptEnd.SUCCEEDED,
    AttemptEnd.DEAD,
    AttemptEnd.CANCELLED,
    AttemptEnd.LOST,
    AttemptEnd.EXPIRED,
)


def total(activities: Iterable[Activity]) -> Activity:
    """The sum of several."""
    whole = Activity()
    for activity in activities:
        whole.add(activity)
    return whole


def percentile_ms(buckets: Sequence[int], share: float) -> float | None:
    """The duration that this share of all is not longer than, from 0 to 1; None if there are none.

    Within a bucket the durations are taken to be spread evenly, so the answer is at most by a factor of 2 too long or
    too short.
    """
    wanted = sum(buckets) * share
    seen = 0
    for bucket, number in enumerate(buckets):
        if number and seen + number >= wanted:
            low_ms = 0.0 if bucket == 0 else 2.0 ** (bucket - 1)
            high_ms = upper_bound_ms(bucket)
            return low_ms if math.isinf(high_ms) else low_ms + (high_ms - low_ms) * (wanted - seen) / number
        seen += number
    return None
