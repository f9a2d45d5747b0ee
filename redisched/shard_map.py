"""The shard map of a queue: how many shards it has, how many it had before, and to which shard a task's id belongs.

A task is stored in the shard that its id hashes to with the number of shards at that time, and is never moved. So all
earlier numbers are kept: with one of them every task is found.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
from typing import Self

from redisched.placement import placement_of

LARGEST_COUNT = 1024
"""The largest number of shards of a queue. Every worker of the queue waits for wake-ups of each of them."""

_LARGEST_KEY = 2**64 - 1
_MULTIPLIER = 2862933555777941757


def jump(key: int, buckets: int) -> int:
    """The bucket of a 64-bit key. All buckets get the same share of keys. If buckets are added, a key either stays in
    its bucket or moves to a new one.

    Jump consistent hash, from J. Lamping and E. Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014).
    """
    bucket, candidate = 0, 0
    while candidate < buckets:
        bucket = candidate
        key = key * _MULTIPLIER + 1 & _LARGEST_KEY
        candidate = int((bucket + 1) * (2**31 / ((key >> 33) + 1)))
    return bucket


@dataclass(frozen=True, slots=True)
class ShardMap:
    """All numbers of shards that a queue has had, the present one last. The first is 1, and each is larger than the one
    before.
    """

    counts: tuple[int, ...] = (1,)
    shards: int = field(init=False, repr=False, compare=False)
    """The present number of shards."""

    def __post_init__(self) -> None:
        # Kept, because every enqueue asks for it.
        object.__setattr__(self, "shards", self.counts[-1])

    @classmethod
    def read(cls, stored: bytes | None) -> Self | None:
        """Read a shard map as it is stored, such as '1 3 12'; None is the shard map of one shard, for which nothing is
        stored. Answers None if the text is not a shard map.
        """
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

    def with_shards(self, shards: int) -> "ShardMap":
        """The shard map after shards have been added, up to this number."""
        return ShardMap((*self.counts, shards))

    def extends(self, other: "ShardMap") -> bool:
        """Whether this shard map is the same as another one, or the other one with more shards added later."""
        return self.counts[: len(other.counts)] == other.counts

    def shard_of(self, task_id: str) -> int:
        """The shard to which a task with this id is added now."""
        return jump(_key_of(task_id), self.shards) if self.shards > 1 else 0

    def possible_shards(self, task_id: str) -> Iterator[int]:
        """The shards in which a task with this id may be, each once. The one of the present number comes first."""
        key = _key_of(task_id)
        # If the shard differs between two numbers, the id has moved to a new shard. It never moves back.
        return iter(dict.fromkeys(jump(key, count) for count in reversed(self.counts)))


def _key_of(task_id: str) -> int:
    placement = placement_of(task_id).encode(errors="backslashreplace")
    return int.from_bytes(blake2b(placement, digest_size=8).digest(), "big")
