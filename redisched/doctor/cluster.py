"""Checks whether a cluster serves every slot and could replace a lost primary; reports which node has which shards."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.doctor.info import Info
from redisched.errors import BrokerRefused
from redisched.store.adding_shards import stores_of
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.slots import THIS_NODE, SlotMap

CHECK = "cluster"
SLOTS = 16_384


def check_slots(info: Info) -> Operation[list[Finding]]:
    """Report slots that no node serves; their keys cannot be read. No finding if all are served or it is no cluster."""
    if not _is_node(info):
        return []
    told = (yield ("CLUSTER", "INFO")).decode()
    facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    served = int(facts.get("cluster_slots_ok", "0"))
    if served == SLOTS and facts.get("cluster_state") == "ok":
        return []
    sentence = (
        f"No node serves {SLOTS - served:,} of {SLOTS:,} slots, and the shards in these slots stand still; "
        "find the missing nodes: CLUSTER NODES, CLUSTER INFO"
    )
    return [danger(CHECK, sentence)]


def check_quorum(info: Info) -> Operation[list[Finding]]:
    """Report whether enough primaries are up to replace a lost one. No finding if cluster mode is off."""
    if not _is_node(info):
        return []
    lines = [line.split() for line in (yield ("CLUSTER", "NODES")).decode().splitlines()]
    flags = [line[2].split(",") for line in lines if len(line) > 8 and "master" in line[2].split(",")]
    up, needed = sum(not {"fail", "fail?"} & set(of_one) for of_one in flags), len(flags) // 2 + 1
    counted = f"{up} of {len(flags)} primaries are up, and {needed} must agree to replace a lost one"
    if up < needed:
        return [danger(CHECK, f"{counted}: no replica can replace a lost primary; start the primaries that are down.")]
    if up - 1 < needed:
        return [warning(CHECK, f"{counted}: if one more is lost, no replica can take its place.")]
    return [ok(CHECK, f"{counted}.")]


def check_places(script_runner: ScriptRunner, info: Info, queues: Sequence[str]) -> Operation[list[Finding]]:
    """Report which node has the shards of each queue. No finding if cluster mode is off."""
    if not _is_node(info):
        return []
    slots = SlotMap.read((yield ("CLUSTER", "SLOTS")), THIS_NODE)
    findings: list[Finding] = []
    nodes: dict[str, list[str]] = defaultdict(list)
    for queue in queues:
        amiss = yield from _check_queue(script_runner, queue)
        findings += amiss
        if not amiss:
            for node, what in (yield from _parts_of(script_runner, queue, slots)).items():
                nodes[node].append(what)
    findings += [ok(CHECK, f"{node} has {'; '.join(parts)}.") for node, parts in sorted(nodes.items())]
    return findings or [ok(CHECK, "The cluster serves every slot.")]


def _is_node(info: Info) -> bool:
    return info.get("cluster_enabled") == "1"


def _check_queue(script_runner: ScriptRunner, queue: str) -> Operation[list[Finding]]:
    keys = astuple(script_runner.keys_of(queue))
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
    return []


def _parts_of(script_runner: ScriptRunner, queue: str, slots: SlotMap) -> Operation[dict[str, str]]:
    """Return, for each node, a text that names the shards of the queue it has."""
    stores = yield from stores_of(script_runner, queue)
    if len(stores) == 1:
        return {str(slots.owner_of_key(stores[0].keys.waiting)): f"queue {queue}"}
    shards: dict[str, list[str]] = defaultdict(list)
    for store in stores:
        shards[str(slots.owner_of_key(store.keys.waiting))].append(str(store.shard))
    return {
        node: f"shard{'s' if len(numbers) > 1 else ''} {', '.join(numbers)} of {queue}"
        for node, numbers in shards.items()
    }
