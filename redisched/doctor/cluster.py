"""Whether a cluster serves every slot, and keeps all keys of a queue in one."""

from collections.abc import Sequence
from dataclasses import astuple

from redisched.doctor.finding import Finding, danger, ok
from redisched.doctor.info import Info
from redisched.errors import BrokerRefused
from redisched.keys import keys_of
from redisched.store.address import Node
from redisched.store.operation import Operation
from redisched.store.slots import SlotMap

CHECK = "cluster"
_THIS = Node("this node", 0)
"""Where a node is that does not know its own host."""


def check_slots(info: Info) -> Operation[list[Finding]]:
    """Whether the cluster is down, so that no key can be looked at; nothing if it is up, or there is none."""
    if not _is_node(info) or b"cluster_state:ok" in (yield ("CLUSTER", "INFO")):
        return []
    sentence = "The cluster is down or does not serve every slot; see what is missing: CLUSTER INFO, CLUSTER NODES"
    return [danger(CHECK, sentence)]


def check_places(info: Info, queues: Sequence[str]) -> Operation[list[Finding]]:
    """Where the keys of each queue are; nothing where cluster mode is off."""
    if not _is_node(info):
        return []
    findings = []
    for queue in queues:
        findings += yield from _check_queue(queue)
    return findings or [ok(CHECK, "The cluster serves every slot.")]


def _is_node(info: Info) -> bool:
    return info.get("cluster_enabled") == "1"


def _check_queue(queue: str) -> Operation[list[Finding]]:
    keys = astuple(keys_of(queue))
    slots = set()
    for key in keys:
        slots.add((yield ("CLUSTER", "KEYSLOT", key)))
    if len(slots) > 1:
        sentence = f"The keys of queue {queue} are in {len(slots)} slots, so no script can run; is a proxy in between?"
        return [danger(CHECK, sentence)]
    try:
        yield ("EXISTS", keys[0])
    except BrokerRefused as error:
        return [danger(CHECK, f"Queue {queue} is on another node ({error.reason}).")]
    slot = slots.pop()
    owner = SlotMap.read((yield ("CLUSTER", "SLOTS")), _THIS).owner(slot)
    return [ok(CHECK, f"Every key of queue {queue} is in slot {slot}, on {owner}.")]
