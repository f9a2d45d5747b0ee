"""A circuit breaker for each node of a cluster: after a call to a node timed out, further calls to it fail at once.

A worker renews its leases shard by shard. Without a circuit breaker it would wait a whole timeout for each shard of a
node that is down, and meanwhile its leases in the shards of other nodes would end.
"""

from collections.abc import Callable

from redisched.address import Node
from redisched.errors import BrokerUnavailable

SLOW_S = 0.5
"""Only a call that failed after this time or later opens the circuit. A node that refuses connections fails sooner,
which costs its callers little.
"""
OPEN_S = 1.0
"""For so long calls to a node fail at once. Then one caller tries the node, and the calls of others fail at once for as
long again.
"""


class CircuitBreaker:
    """The circuit breakers of all nodes of one broker. All moments are monotonic seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._answered_s: dict[Node, float] = {}
        self._until_s: dict[Node, float] = {}

    def begin_call(self, node: Node) -> float:
        """Call before a call to a node; answers the moment, which `failed` needs.

        Raises BrokerUnavailable while the node's circuit is open.
        """
        now_s = self._monotonic()
        if now_s < self._until_s.get(node, now_s):
            raise BrokerUnavailable(f"{node} has just kept another call waiting in vain", 0.0)
        if node in self._until_s:
            # This caller tries the node. The circuit stays open for all others, or they would wait for the node, too.
            self._until_s[node] = now_s + OPEN_S
        return now_s

    def answered(self, node: Node) -> None:
        """Call when a node answered, with a reply or an error: closes its circuit."""
        self._answered_s[node] = self._monotonic()
        self._until_s.pop(node, None)

    def failed(self, node: Node, since_s: float) -> None:
        """Call when a call got no answer that began at `since_s`. The circuit opens if the call took SLOW_S or longer
        and nobody else has had an answer of the node since the call began; otherwise it closes.
        """
        now_s = self._monotonic()
        if now_s - since_s >= SLOW_S and self._answered_s.get(node, since_s) <= since_s:
            self._until_s[node] = now_s + OPEN_S
        else:
            self._until_s.pop(node, None)
