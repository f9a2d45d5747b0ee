"""Checks the types of redisched's keys, and whether other programs use the same database."""

import contextlib
from collections.abc import Sequence
from dataclasses import fields

from redisched.counted import counted
from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.keys import ALL_TYPES, FleetKeys, Keys
from redisched.printable import printable
from redisched.shard_map import ShardMap
from redisched.store.operation import Operation, ScriptRunner

KEYSPACE = "keyspace"
TYPES = "types"
MOST_KEYS = 10_000
KEYS_A_LOOK = 1_000
MOST_OF_A_NAME = 100
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


def check_types(script_runner: ScriptRunner, queues: Sequence[str]) -> Operation[list[Finding]]:
    """Report keys of a wrong type, which make the scripts fail."""
    findings: list[Finding] = []
    places: list[Keys | FleetKeys] = [*(yield from keys_of_all(script_runner, queues)), script_runner.fleet_keys]
    for keys in places:
        for field in fields(keys):
            key = getattr(keys, field.name)
            found = (yield ("TYPE", key)).decode()
            if found not in (ABSENT, ALL_TYPES[field.name]):
                wanted = ALL_TYPES[field.name]
                sentence = f"{key} is a {found}, but redisched needs a {wanted} there; move the key away: RENAME"
                findings.append(danger(TYPES, sentence))
    return findings or [ok(TYPES, "Every key of redisched has the type that it needs.")]


def check_foreign_keys(script_runner: ScriptRunner) -> Operation[list[Finding]]:
    """Report whether other programs have keys on this server. Looks at `MOST_KEYS` of its keys or a few more."""
    start = f"{script_runner.prefix}:".encode()
    looked_at, foreign = 0, list[bytes]()
    cursor = b"0"
    while True:
        cursor, names = yield ("SCAN", cursor, "COUNT", KEYS_A_LOOK)
        looked_at += len(names)
        foreign += [name for name in names if not name.startswith(start)]
        if int(cursor) == 0 or looked_at >= MOST_KEYS:
            break
    if not foreign:
        return [ok(KEYSPACE, "No other program uses this database.")]
    example = printable(foreign[0][:MOST_OF_A_NAME].decode(errors="backslashreplace"))
    sentence = (
        f"This database has keys without the prefix {script_runner.prefix!r}, such as {example}; "
        f"{counted(len(foreign), 'such key')} among the {looked_at:,} looked at: other programs use it, and can fill "
        "its memory or flush it; give redisched a database or a server of its own."
    )
    return [warning(KEYSPACE, sentence)]
