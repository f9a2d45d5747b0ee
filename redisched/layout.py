"""The layout of a queue: over how many shards it is spread, how many there were before, and which is a task's home.

A task lives where its id hashes to under the count of its time, and never moves. The history of counts is therefore
kept: under one of them every task is found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Self

LARGEST_COUNT = 1024
"""Shards of a queue at most; every worker listens to each."""

_LARGEST_KEY = 2**64 - 1
_MULTIPLIER = 2862933555777941757


def jump(key: int, buckets: int) -> int:
    """The bucket of a 64-bit key: even over all, and a key that moves when there are more moves to a new one.

    Jump consistent hash, from J. Lamping and E. Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014).
    """
    bucket, candidate = 0, 0
    while candidate < buckets:
        bucket = candidate
        key = key * _MULTIPLIER + 1 & _LARGEST_KEY
        candidate = int((bucket + 1) * (2**31 / ((key >> 33) + 1)))
    return bucket


@dataclass(frozen=True, slots=True)
class Layout:
    """The counts of shards a queue has had, the present one last. They begin with 1 and only grow."""

    counts: tuple[int, ...] = (1,)

    @classmethod
    def read(cls, stored: bytes | None) -> Self | None:
        """The layout as it is kept, such as '1 3 12'; nothing is kept of one shard. None for what is no layout."""
        if stored is None:
            return cls()
        words = stored.split(b" ")
        if not all(word.isdigit() and len(word) <= len(str(LARGEST_COUNT)) for word in words):
            return None
        counts = tuple(map(int, words))
        grows = counts[0] == 1 and all(one < other for one, other in pairwise(counts))
        return cls(counts) if grows and counts[-1] <= LARGEST_COUNT else None

    def __str__(self) -> str:
        return " ".join(map(str, self.counts))

    @property
    def shards(self) -> int:
        """How many there are now."""
        return self.counts[-1]

    def grown(self, shards: int) -> "Layout":
        """The layout after growing to more shards."""
        return Layout((*self.counts, shards))

    def extends(self, other: "Layout") -> bool:
        """Whether it is that of the same queue, at the same time or later."""
        return self.counts[: len(other.counts)] == other.counts

    def home(self, task_id: str) -> int:
        """The shard where a task of this id is put now."""
        return jump(_key_of(task_id), self.shards) if self.shards > 1 else 0

    def homes(self, task_id: str) -> Iterator[int]:
        """The shards where a task of this id may be, the present one first, each once."""
        key = _key_of(task_id)
        # A home differs from the one before only if the id moved; it never moves back.
        return iter(dict.fromkeys(jump(key, count) for count in reversed(self.counts)))


def _key_of(task_id: str) -> int:
    return int.from_bytes(blake2b(task_id.encode(errors="backslashreplace"), digest_size=8).digest(), "big")
