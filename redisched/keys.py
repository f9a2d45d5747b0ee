"""The catalogue of every key redisched keeps in Redis.

All keys of one shard of a queue contain the same hash tag, so all are in one cluster slot. So one script may use all of
them, and declares each key that it uses.
"""

from dataclasses import dataclass

PREFIX = "redisched"
"""The default prefix: every key begins with it and a colon, unless the settings name another prefix."""


def queues_key(prefix: str = PREFIX) -> str:
    """Return the key of the set that holds the names of all queues ever used."""
    return f"{prefix}:queues"


def audit_key(prefix: str = PREFIX) -> str:
    """Return the key of the stream that says who did what by way of the API."""
    return f"{prefix}:audit"


def declaring_key(application: str, prefix: str = PREFIX) -> str:
    """Return the key of the set that holds the queues for which the code of an application has declared schedules."""
    return f"{prefix}:declaring:{application}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one shard of a queue. The docstring of each field names its type and content."""

    waiting: str
    """zset: id by priority * 2^42 + run_at (ms); every task that waits, due or not."""
    tasks: str
    """hash: id -> record (digest and body) while the task waits, is leased or is dead."""
    leases: str
    """zset: id by expiry of its lease (server ms)."""
    held: str
    """hash: id -> lease of a task: token, score, start time (server ms, 0 before the start) and worker."""
    tries: str
    """hash: id -> attempts, crashes, redeliveries and the token of the last counted attempt; only if any is not 0."""
    failures: str
    """hash: id -> the last failure, as the worker wrote it."""
    dead: str
    """zset: id by time of death (server ms)."""
    outcomes: str
    """hash: id -> token and outcome of an ended task, until its retention is over."""
    finished: str
    """zset: id by the time at which its outcome will be deleted (server ms)."""
    cancelling: str
    """hash: id -> the outcome of a leased task whose cancellation was requested, to be stored when it ends."""
    traits: str
    """hash: id -> rare properties of a task, as text; only for tasks with such, for as long as `tasks` has them."""
    expiring: str
    """zset: id by the time until which a task may start (server ms); only for tasks with such a limit."""
    checkpoints: str
    """hash: id -> how far the handler has come, as it saved it; for as long as `tasks` has the task."""
    reports: str
    """hash: id -> how far the handler has come and its log, as it reported them; until the task is forgotten."""
    watched: str
    """hash: id -> channels of callers that wait for the end of a task, and until when; only while callers wait."""
    unique: str
    """hash: unique key, as a digest -> id of the task that holds it."""
    successors: str
    """hash: unique key -> time (server ms) and id of the task that waits until the scope of its holder ends."""
    lapsing: str
    """zset: unique key by the time until which it is held (server ms), if that does not depend on its task."""
    schedules: str
    """hash: schedule -> what it is, as it was declared or added."""
    fired: str
    """hash: schedule -> version, state, the task of its latest slot, and the tasks enqueued ahead of their time."""
    firing: str
    """zset: schedule by its next slot (server ms); only active ones."""
    declared: str
    """hash: application -> the epoch in which it declares schedules and, in the first shard, its generations."""
    claims: str
    """hash: worker -> nonce, token and ids of its latest claim."""
    fence: str
    """string: the token of the latest claim, a number that each claim increases."""
    wake: str
    """list: at most one element; a blocked worker pops it and claims."""
    reaper: str
    """string: the worker that is the reaper, until when it is, and when the grace after an outage ends."""
    repairs: str
    """hash: kind of repair -> how many repairs of this kind the scrubber has made."""
    barrier: str
    """string: empty; written after each durable enqueue, which waits until this write is on disk or replicated."""
    paused: str
    """string: since when and until when the shard is paused, and who paused it; absent while it is not paused."""
    layout: str
    """string: the shard map, which is every number of shards the queue has had, such as '1 3 12'; absent if always
    1.
    """
    format: str
    """string: the format of the shard's data; only scripts that know it may use the shard; absent for format 1."""


TYPES = {
    "waiting": "zset",
    "tasks": "hash",
    "leases": "zset",
    "held": "hash",
    "tries": "hash",
    "failures": "hash",
    "dead": "zset",
    "outcomes": "hash",
    "finished": "zset",
    "cancelling": "hash",
    "traits": "hash",
    "expiring": "zset",
    "checkpoints": "hash",
    "reports": "hash",
    "watched": "hash",
    "unique": "hash",
    "successors": "hash",
    "lapsing": "zset",
    "schedules": "hash",
    "fired": "hash",
    "firing": "zset",
    "declared": "hash",
    "claims": "hash",
    "fence": "string",
    "wake": "list",
    "reaper": "string",
    "repairs": "hash",
    "barrier": "string",
    "paused": "string",
    "layout": "string",
    "format": "string",
}
"""The type of each key of a shard, as the TYPE command names it."""


@dataclass(frozen=True, slots=True)
class FleetKeys:
    """The keys in which all workers of a prefix say who they are, whichever queues they serve."""

    workers: str
    """hash: worker -> what it says of itself."""
    present: str
    """zset: worker by the time until which it counts as present (server ms)."""
    deployments: str
    """hash: digest -> what the workers of one deployment serve."""
    deployed: str
    """zset: digest of a deployment by the time until which a worker of it counts as present (server ms)."""
    orders: str
    """hash: worker -> the id of an order that it has not heard, and what it is to do."""
    format: str
    """string: as the key of a shard with this name."""


FLEET_TYPES = {
    "workers": "hash",
    "present": "zset",
    "deployments": "hash",
    "deployed": "zset",
    "orders": "hash",
    "format": "string",
}
"""The type of each key of the fleet."""
SPAN_TYPES = {"minute": "hash", "hour": "hash", "tallied": "hash"}
"""The type of each key in which is counted what all workers did in one minute or hour, and of what is counted in it."""
ALL_TYPES = TYPES | FLEET_TYPES | SPAN_TYPES


def keys_of(queue: str, shard: int = 0, prefix: str = PREFIX) -> Keys:
    """Return the keys of a shard. The caller has checked the name of the queue."""
    base = f"{prefix}:{{{shard_name(queue, shard)}}}:"
    return Keys(*(base + name for name in Keys.__slots__))


def fleet_keys(prefix: str = PREFIX) -> FleetKeys:
    """Return the keys of the fleet. Their hash tag is that of no queue, whose name cannot begin with a slash."""
    return FleetKeys(*(_fleet_key(prefix, name) for name in FleetKeys.__slots__))


def span_key(span: str, number: int, prefix: str = PREFIX) -> str:
    """Return the key of a minute or an hour, the how-manieth since 1970 by the server's clock. Hash: row -> numbers.

    Of `tallied`, the how-manieth minute; hash: worker -> the number of its latest batch that is counted in it.
    """
    return _fleet_key(prefix, f"{number}:{span}")


def _fleet_key(prefix: str, name: str) -> str:
    return f"{prefix}:{{/workers}}:{name}"


def shard_name(queue: str, shard: int) -> str:
    """Return the name of a shard. The first has the name of its queue; the others contain a slash, as no queue may."""
    return f"{queue}/{shard}" if shard else queue


def queue_of_shard(name: str) -> str:
    """Return the name of the queue from the name of one of its shards."""
    return name.partition("/")[0]
