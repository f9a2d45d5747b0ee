"""A cluster of primaries and replicas for tests, whose nodes can be killed, paused, added, emptied and removed."""

from itertools import pairwise
from pathlib import Path

from redis.crc import key_slot

from redisched.chaos.agreement import PROMPT_REPLICATION, perform, wait_for_agreement
from redisched.chaos.server import Server, cluster_node
from redisched.embedded import Persistence, Transport
from redisched.embedded.lifetime import Lifetime

SLOTS = 16_384
MIGRATE_MS = 5_000


class ClusterServers(Lifetime):
    """The nodes of a Redis cluster; `url` is a `redis+cluster://` URL for clients.

    The first `primaries` entries of `nodes` start as primaries with equal parts of the slots; each has `replicas`
    replicas. The others consider a node down after `node_timeout_ms`. While a node is down, the slots of the other
    nodes are still served. A primary that loses its last slot stays a primary.
    """

    def __init__(
        self,
        *,
        primaries: int = 3,
        replicas: int = 0,
        node_timeout_ms: int = 2_000,
        binary: Path | None = None,
        persistence: Persistence = Persistence.NONE,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self._primaries = primaries
        self._binary = binary
        self._persistence = persistence
        self._arguments = (
            *PROMPT_REPLICATION,
            *("--cluster-node-timeout", str(node_timeout_ms)),
            *("--cluster-require-full-coverage", "no"),
            *("--cluster-allow-replica-migration", "no"),
            *arguments,
        )
        self.nodes = [self._make_node() for _ in range(primaries * (1 + replicas))]

    @property
    def url(self) -> str:
        """The URL with which clients connect; it lists all nodes."""
        return f"redis+cluster://{','.join('{}:{}'.format(*node.address) for node in self.nodes)}"

    def start(self) -> None:
        """Start the nodes, form the cluster, and return when all nodes agree on which node serves which slots.

        Raises TimeoutError if they do not agree.
        """
        for number, node in enumerate(self.nodes, start=1):
            node.start()
            perform(node, "CLUSTER", "SET-CONFIG-EPOCH", number)
        bounds = [SLOTS * number // self._primaries for number in range(self._primaries + 1)]
        for node, (first, beyond) in zip(self.nodes, pairwise(bounds), strict=False):
            perform(node, "CLUSTER", "ADDSLOTSRANGE", first, beyond - 1)
        for node in self.nodes[1:]:
            self._introduce(node)
        self._wait_until_known()
        for number, replica in enumerate(self.nodes[self._primaries :]):
            perform(replica, "CLUSTER", "REPLICATE", node_id(self.nodes[number % self._primaries]))
        self.wait_until_whole()

    def add_node(self) -> Server:
        """Add a primary without slots."""
        node = self._make_node()
        self.nodes.append(node)
        node.start()
        self._introduce(node)
        self.wait_until_whole()
        return node

    def take_away(self, node: Server) -> None:
        """Stop a node that serves no slots, and make the other nodes forget it."""
        identity = node_id(node)
        self.nodes.remove(node)
        node.close()
        for other in self.nodes:
            perform(other, "CLUSTER", "FORGET", identity)

    def primary_of(self, key: str) -> Server:
        """The node that serves the slot of a key, as the first running node says. Raises LookupError if none does."""
        return self.primary_of_slot(key_slot(key.encode()))

    def primary_of_slot(self, slot: int) -> Server:
        """The node that serves a slot, as the first running node reports it. Raises LookupError if none does."""
        for first, last, (_, port, *_), *_ in perform(self._running()[0], "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.address[1] == port)
        raise LookupError(f"nobody serves slot {slot}")

    def fail_over(self, replica: Server) -> None:
        """Promote a replica in a planned failover, as before maintenance, and return when it is a primary."""
        perform(replica, "CLUSTER", "FAILOVER")
        wait_for_agreement(lambda: perform(replica, "ROLE")[0] == b"master", "the replica is the primary")

    def move_slot(self, slot: int, target: Server) -> None:
        """Move a slot to another node key by key, as cluster managers do, while clients continue to use its keys."""
        source = self.primary_of_slot(slot)
        perform(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
        perform(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))
        while keys := perform(source, "CLUSTER", "GETKEYSINSLOT", slot, 1):
            perform(source, "MIGRATE", *target.address, keys[0], 0, MIGRATE_MS)
        for node in (target, source, *self._running()):
            if perform(node, "ROLE")[0] == b"master":
                perform(node, "CLUSTER", "SETSLOT", slot, "NODE", node_id(target))

    def wait_until_whole(self) -> None:
        """Return when every node is up, every replica follows its primary, and no node reports another as failed."""
        wait_for_agreement(lambda: all(map(self._is_content, self.nodes)), "every node is content with all others")

    def close(self) -> None:
        """Stop all nodes and delete their temporary files. May be called again."""
        for node in reversed(self.nodes):
            node.close()

    def _make_node(self) -> Server:
        return Server(
            binary=self._binary,
            arguments=(*cluster_node(), *self._arguments),
            persistence=self._persistence,
            transport=Transport.LOOPBACK,
        )

    def _running(self) -> list[Server]:
        return [node for node in self.nodes if node.pid is not None]

    def _introduce(self, node: Server) -> None:
        _, bus_port = perform(node, "CONFIG", "GET", "cluster-port")
        perform(self.nodes[0], "CLUSTER", "MEET", *node.address, int(bus_port))

    def _wait_until_known(self) -> None:
        everybody = len(self.nodes)
        wait_for_agreement(
            lambda: all(len(_lines(node)) == everybody for node in self.nodes), "every node knows all others"
        )

    def _is_content(self, node: Server) -> bool:
        lines = [line.split() for line in _lines(node)]
        return (
            b"cluster_state:ok" in perform(node, "CLUSTER", "INFO")
            and len(lines) == len(self.nodes)
            and not any("fail" in flags or "handshake" in flags for _, _, flags, *_ in lines)
            and (perform(node, "ROLE")[0] == b"master" or perform(node, "ROLE")[3] == b"connected")
        )


def node_id(node: Server) -> str:
    """The id by which the nodes of a cluster know this node."""
    name: bytes = perform(node, "CLUSTER", "MYID")
    return name.decode()


def _lines(node: Server) -> list[str]:
    told: bytes = perform(node, "CLUSTER", "NODES")
    return told.decode().splitlines()
