"""The catalogue of every key redisched keeps in Redis.

All keys of one shard of a queue share a hash tag, so that a shard lives in one cluster slot and every script can
declare all the keys it touches.
"""

from dataclasses import dataclass

PREFIX = "redisched"
"""What every key begins with, before a colon, unless the settings say otherwise."""


def queues_key(prefix: str = PREFIX) -> str:
    """set: names of the queues that were ever used."""
    return f"{prefix}:queues"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one shard of a queue. Every name says its type and what it holds."""

    waiting: str
    """zset: id by priority * 2^42 + run_at (ms); every task that waits, due or not."""
    tasks: str
    """hash: id -> record (digest and body) while the task waits, is leased or is dead."""
    leases: str
    """zset: id by expiry of its lease (server ms)."""
    held: str
    """hash: id -> holder: token, score, time it started, worker."""
    tries: str
    """hash: id -> attempts, crashes, bounces and the token of the last attempt counted; only for tasks that had any."""
    failures: str
    """hash: id -> the last failure, as the worker wrote it."""
    dead: str
    """zset: id by time of death (server ms)."""
    outcomes: str
    """hash: id -> token and outcome of an ended task, until its retention is over."""
    finished: str
    """zset: id by the time its outcome is forgotten (server ms)."""
    cancelling: str
    """hash: id -> how a leased task shall end whose cancellation was asked for."""
    traits: str
    """hash: id -> what is special about a task, as text; only of tasks that have such, as long as `tasks` has them."""
    expiring: str
    """zset: id by the moment (server ms) until which a task may start; for tasks with that trait."""
    claims: str
    """hash: worker -> nonce, token and ids of its latest claim."""
    fence: str
    """string: the last token given out."""
    wake: str
    """list: at most one element; a blocked worker pops it and claims."""
    reaper: str
    """string: the worker that reaps, until when, and the end of an outage's grace."""
    repairs: str
    """hash: kind of repair -> how many the scrubber has made."""
    barrier: str
    """string: nothing; written after every durable enqueue, to be waited for."""
    layout: str
    """string: the counts of shards the queue has had, such as '1 3 12'; absent for a queue of one."""
    format: str
    """string: which scripts may touch the shard: those that know this format, or a later one; absent for 1."""


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
    "claims": "hash",
    "fence": "string",
    "wake": "list",
    "reaper": "string",
    "repairs": "hash",
    "barrier": "string",
    "layout": "string",
    "format": "string",
}
"""What each key of a shard is, as Redis names it."""


def keys_of(queue: str, shard: int = 0, prefix: str = PREFIX) -> Keys:
    """The keys of a shard of a queue whose name has been validated."""
    base = f"{prefix}:{{{shard_name(queue, shard)}}}:"
    return Keys(*(base + name for name in Keys.__slots__))


def shard_name(queue: str, shard: int) -> str:
    """What a shard is called: the first as its queue, the others as no queue can be."""
    return f"{queue}/{shard}" if shard else queue


def queue_of_shard(name: str) -> str:
    """The queue of a shard, by what the shard is called."""
    return name.partition("/")[0]
