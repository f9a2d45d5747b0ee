"""Checks the types of redisched's keys, and whether other programs use the same database."""

import contextlib
from collections.abc import Sequence
from dataclasses import fields

from redisched.counted import counted
from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.keys import ALL_TYPES, FleetKeys, Keys
from redisched.shard_map import ShardMap
from redisched.store.operation import Operation, ScriptRunner

CHECK = "keyspace"
ABSENT = "none"


def keys_of_all(script_runner: ScriptRunner, queues: Sequence[str]) -> Operation[list[Keys]]:
    """Return the keys of every shard of these queues."""
    found: list[Keys] = []
    for queue in queues:
        stored = None
        # If this key has another type, GET fails here, and the caller reports the key.
        with contextlib.suppress(BrokerRefused):
            stored = yield ("GET", script_runner.keys_of(queue).layout)
        shard_map = ShardMap.read(stored) or ShardMap()
        found += [script_runner.keys_of(queue, shard) for shard in range(shard_map.shards)]
    return found


def check_keyspace(script_runner: ScriptRunner, queues: Sequence[str]) -> Operation[list[Finding]]:
    """Report keys of a wrong type, which make the scripts fail, and how many keys are not redisched's."""
    own = yield ("EXISTS", script_runner.queues_key)
    findings: list[Finding] = []
    places: list[Keys | FleetKeys] = [*(yield from keys_of_all(script_runner, queues)), script_runner.fleet_keys]
    for keys in places:
        for field in fields(keys):
            key = getattr(keys, field.name)
            found = (yield ("TYPE", key)).decode()
            own += found != ABSENT
            if found not in (ABSENT, ALL_TYPES[field.name]):
                wanted = ALL_TYPES[field.name]
                sentence = f"{key} is a {found}, but redisched needs a {wanted} there; move the key away: RENAME"
                findings.append(danger(CHECK, sentence))
    others = (yield ("DBSIZE",)) - own
    if others > 0:
        sentence = (
            f"This database has {counted(others, 'key')} without the prefix {script_runner.prefix!r}: other programs "
            "use it, and can fill its memory or flush it; give redisched a database or a server of its own."
        )
        findings.append(warning(CHECK, sentence))
    return findings or [ok(CHECK, "No other program uses this database.")]
