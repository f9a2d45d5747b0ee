"""The slots of a cluster: the slot of a command, and the node that serves a slot."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from redis.crc import key_slot

from redisched.address import Node
from redisched.store.operation import Argument, Command

THIS_NODE = Node("this node", 0)
"""Stands for a node that does not know its own host."""

_WITHOUT_KEY = {
    *("ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "ECHO", "INFO", "PING", "ROLE", "SCAN", "SCRIPT"),
    *("SLOWLOG", "TIME", "WAIT", "WAITAOF"),
}


def slot_of(command: Command) -> int | None:
    """The slot of a command's keys, which must be the same for all; None for a command without keys."""
    name = str(command[0]).upper()
    if name in _WITHOUT_KEY:
        return None
    if name in ("EVAL", "EVALSHA"):
        return slot_of_key(command[3]) if int(command[2]) else None
    return slot_of_key(command[1]) if len(command) > 1 else None


def slot_of_key(key: Argument) -> int:
    """The slot that a key is in."""
    return int(key_slot(key if isinstance(key, bytes) else str(key).encode()))


@dataclass(frozen=True, slots=True)
class SlotMap:
    """The ranges of slots, in order, and the primary of each."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    owners: tuple[Node, ...]

    @classmethod
    def read(cls, reply: Sequence[Any], asked: Node) -> Self:
        """Read the map from a reply to CLUSTER SLOTS. A node without a host is the node that was asked."""
        ranges = sorted((first, last, _node(primary, asked)) for first, last, primary, *_replicas in reply)
        return cls(*zip(*ranges, strict=True)) if ranges else cls((), (), ())

    def owner_of_key(self, key: str) -> Node | None:
        """The primary that has a key; None if no node serves its slot."""
        return self.owner(slot_of_key(key))

    def owner(self, slot: int) -> Node | None:
        """The primary of a slot; None if no node serves it."""
        at = bisect_right(self.firsts, slot) - 1
        return self.owners[at] if at >= 0 and slot <= self.lasts[at] else None


def _node(told: Sequence[Any], asked: Node) -> Node:
    host = told[0].decode() if told[0] else ""
    return Node(asked.host if host in ("", "?") else host, int(told[1]))
