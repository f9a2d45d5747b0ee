"""Checks whether the server can lose acknowledged writes: eviction, persistence, memory."""

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.doctor.info import Info, read_setting, whole
from redisched.embedded.process import MOST_SEARCHED_FIELDS
from redisched.store.operation import Operation

NO_EVICTION = "noeviction"
FULL = 0.8
"""From this share of memory in use on, the doctor warns."""


def check_eviction(info: Info) -> Operation[list[Finding]]:
    """Report whether the server may evict tasks when its memory is full."""
    policy = info.get("maxmemory_policy") or (yield from read_setting("maxmemory-policy"))
    if policy is None:
        return [warning("eviction", "The eviction policy cannot be read; make sure that it is noeviction.")]
    if policy == NO_EVICTION:
        return [
            ok(
                "eviction",
                "The server evicts no keys: when its memory is full, it refuses new tasks and lets existing ones end.",
            )
        ]
    cure = f"set it: CONFIG SET maxmemory-policy {NO_EVICTION}"
    if policy.startswith("volatile-"):
        sentence = f"maxmemory-policy is {policy}: no key of redisched expires, but workers refuse to start; {cure}"
        return [warning("eviction", sentence)]
    return [
        danger("eviction", f"maxmemory-policy is {policy}: the server deletes tasks when its memory is full; {cure}")
    ]


def check_persistence(info: Info) -> Operation[list[Finding]]:
    """Report which writes are lost if the server or its machine crashes."""
    for file, status in (("AOF", "aof_last_write_status"), ("snapshot", "rdb_last_bgsave_status")):
        if info.get(status, "ok") != "ok":
            sentence = f"The last write of the {file} failed; the server's log has the reason, such as a full disk."
            return [danger("persistence", sentence)]
    if info.get("aof_enabled") == "1":
        return [_check_sync((yield from read_setting("appendfsync")))]
    save = yield from read_setting("save")
    cure = "turn the AOF on: CONFIG SET appendonly yes, and the same in its configuration file"
    if save == "":
        return [danger("persistence", f"Nothing is written to disk: a restart loses every task; {cure}.")]
    if save is None:
        return [
            warning("persistence", f"The server keeps no AOF, and its setting for snapshots cannot be read; {cure}.")
        ]
    changes = whole(info, "rdb_changes_since_last_save")
    sentence = f"The server keeps only snapshots: a crash now would lose the last {changes} changes; {cure}."
    return [warning("persistence", sentence)]


def _check_sync(sync: str | None) -> Finding:
    if sync == "always":
        return ok("persistence", "Every acknowledged write is on disk (appendfsync always).")
    if sync == "everysec":
        return ok("persistence", "A crash can lose the last second of writes, at worst two (appendfsync everysec).")
    if sync == "no":
        sentence = "A crash of the machine can lose half a minute of writes; change it: CONFIG SET appendfsync everysec"
        return warning("persistence", sentence)
    return ok("persistence", "The server keeps an AOF; how often it is written to disk cannot be read.")


def check_lookups() -> Operation[list[Finding]]:
    """Report if hashes of more than MOST_SEARCHED_FIELDS fields are stored as lists, which makes lookups slow."""
    # Servers before Redis 7 know the setting only under this name; later ones accept it, too.
    fields = (yield from read_setting("hash-max-ziplist-entries")) or ""
    if fields.isdigit() and int(fields) > MOST_SEARCHED_FIELDS:
        cure = f"CONFIG SET hash-max-listpack-entries {MOST_SEARCHED_FIELDS}"
        sentence = f"The server searches hashes of up to {fields} fields from their start; this makes it faster: {cure}"
        return [ok("lookups", sentence)]
    return []


def check_memory(info: Info) -> list[Finding]:
    """Report how much memory is in use. No finding if INFO is refused."""
    used, limit = whole(info, "used_memory"), whole(info, "maxmemory")
    machine = whole(info, "total_system_memory")
    room = limit or machine
    if not info:
        return []
    if not room:
        return [warning("memory", "The size of the memory cannot be read; monitor it yourself.")]
    share = f"{_mebibytes(used)} of {_mebibytes(room)} are in use ({used / room:.0%})"
    if limit and used >= FULL * limit:
        return [
            warning("memory", f"{share}: the server will soon refuse new tasks; raise maxmemory, or drain the queues.")
        ]
    if used >= FULL * room:
        return [warning("memory", f"{share}: the system may kill the server; set maxmemory, or drain the queues.")]
    if not limit:
        return [
            ok(
                "memory",
                f"{share}, of the machine; set maxmemory, so that a full server refuses tasks and is not killed.",
            )
        ]
    return [ok("memory", f"{share}.")]


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
