"""A sorted set as Redis has them: members with whole numbers as scores, ties by member."""

from bisect import bisect_left, insort


class SortedSet:
    """Members by score. `ranked` is the order, to be read only."""

    __slots__ = ("_scores", "ranked")

    def __init__(self) -> None:
        self._scores: dict[bytes, int] = {}
        self.ranked: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self.ranked)

    def add(self, member: bytes, score: int) -> bool:
        """Add a member or move it; answers whether it is new."""
        known = self._scores.get(member)
        if known is not None:
            del self.ranked[bisect_left(self.ranked, (known, member))]
        self._scores[member] = score
        insort(self.ranked, (score, member))
        return known is None

    def remove(self, member: bytes) -> bool:
        """Remove a member; answers whether it was there."""
        known = self._scores.pop(member, None)
        if known is None:
            return False
        del self.ranked[bisect_left(self.ranked, (known, member))]
        return True

    def score(self, member: bytes) -> int | None:
        """The score of a member, None for one that is not there."""
        return self._scores.get(member)

    def rank(self, member: bytes) -> int | None:
        """How many members are before it, None for one that is not there."""
        score = self._scores.get(member)
        return None if score is None else bisect_left(self.ranked, (score, member))

    def slice(self, low: bytes, high: bytes) -> tuple[int, int]:
        """Where the members between two scores begin and end; scores are written as for ZRANGEBYSCORE."""
        return bisect_left(self.ranked, (_lowest(low),)), bisect_left(self.ranked, (_highest(high),))

    def copy(self) -> "SortedSet":
        """Another one like it."""
        twin = SortedSet()
        twin._scores = self._scores.copy()
        twin.ranked = self.ranked.copy()
        return twin


def _lowest(bound: bytes) -> float:
    if bound[:1] == b"(":
        return int(bound[1:]) + 0.5
    return float("-inf") if bound == b"-inf" else int(bound)


def _highest(bound: bytes) -> float:
    if bound[:1] == b"(":
        return int(bound[1:]) - 0.5
    return float("inf") if bound == b"+inf" else int(bound) + 0.5
