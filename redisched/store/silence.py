"""Which nodes keep callers waiting in vain: whoever has something for another of their shards need not wait as well.

A worker renews its leases shard by shard. Without this, each shard of a lost machine would cost it a whole timeout, and
all of them together its leases in the other shards.
"""

from collections.abc import Callable

from redisched.address import Node
from redisched.errors import BrokerUnavailable

LONG_S = 0.5
"""A node that fails sooner, as one that refuses connections, costs its callers little."""
ALONE_S = 1.0
"""For how long a silent node is left alone before the next caller tries it, and the others while that one waits."""


class Silence:
    """What the callers of one broker have heard from its nodes; moments are monotonic seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._answered_s: dict[Node, float] = {}
        self._until_s: dict[Node, float] = {}

    def turn_to(self, node: Node) -> float:
        """The moment at which a node is turned to. Raises BrokerUnavailable if it is left alone just now."""
        now_s = self._monotonic()
        if now_s < self._until_s.get(node, now_s):
            raise BrokerUnavailable(f"{node} has just kept another call waiting in vain", 0.0)
        if node in self._until_s:
            # Or all who have something for its shards would wait for it at once, and for others not at all.
            self._until_s[node] = now_s + ALONE_S
        return now_s

    def answered(self, node: Node) -> None:
        """Note an answer, whatever it says."""
        self._answered_s[node] = self._monotonic()
        self._until_s.pop(node, None)

    def failed(self, node: Node, since_s: float) -> None:
        """Note that a call since then has failed. One that waited for long is held against the node alone if nobody
        has had an answer meanwhile.
        """
        now_s = self._monotonic()
        if now_s - since_s >= LONG_S and self._answered_s.get(node, since_s) <= since_s:
            self._until_s[node] = now_s + ALONE_S
        else:
            self._until_s.pop(node, None)
