"""The commands that redisched calls. A server checks the right to call each of them, also within scripts."""

from redisched.keys import audit_key
from redisched.store.operation import Command, ScriptRunner


def needed(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """An example of every command that is called, directly or in a script."""
    key = probe_key(script_runner)
    return (
        ("BLPOP", key, "1"),
        ("DEL", key),
        ("EVAL", "return 1", "1", key),
        ("EVALSHA", 40 * "0", "1", key),
        ("EXISTS", key),
        ("GET", key),
        ("HDEL", key, "field"),
        ("HEXISTS", key, "field"),
        ("HGET", key, "field"),
        ("HINCRBY", key, "field", "1"),
        ("HLEN", key),
        ("HMGET", key, "field"),
        ("HSCAN", key, "0"),
        ("HSET", key, "field", "value"),
        ("HSETNX", key, "field", "value"),
        ("HSTRLEN", key, "field"),
        ("LLEN", key),
        ("LTRIM", key, "0", "0"),
        ("MGET", key),
        ("RPUSH", key, "element"),
        ("SADD", script_runner.queues_key, "member"),
        ("SET", key, "value"),
        ("SMEMBERS", script_runner.queues_key),
        ("TIME",),
        ("TYPE", key),
        ("ZADD", key, "1", "member"),
        ("ZCARD", key),
        ("ZCOUNT", key, "0", "1"),
        ("ZMSCORE", key, "member"),
        ("ZRANGE", key, "0", "1"),
        ("ZRANGEBYSCORE", key, "0", "1"),
        ("ZREM", key, "member"),
        ("ZREMRANGEBYRANK", key, "0", "0"),
        ("ZSCAN", key, "0"),
        ("ZSCORE", key, "member"),
    )


def telling(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """An example of every command without which callers are not told when a task has ended, and have to look."""
    channel = f"{script_runner.prefix}:ends:doctor"
    return ("PUBLISH", channel, "message"), ("SUBSCRIBE", channel)


def counting(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """An example of every command without which nobody can see what workers did."""
    key = probe_key(script_runner)
    return ("PEXPIRE", key, "1"), ("HGETALL", key)


def explaining(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """An example of every command that only an explanation needs. Workers and producers do without it."""
    return (("ZRANK", probe_key(script_runner), "member"),)


def auditing(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """An example of every command that only the API needs, for its audit."""
    key = audit_key(script_runner.prefix)
    return ("XADD", key, "*", "field", "value"), ("XREVRANGE", key, "+", "-")


def removing(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """An example of every command that only the removal of a queue needs. Workers and producers do without it."""
    return (("SREM", script_runner.queues_key, "member"),)


def asking(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """Commands to send together, with which a server refuses those that this user may not call, and executes none.

    They are queued in a transaction, which the server checks at once, and discarded at the end. The user must be
    allowed to call `MULTI`.
    """
    key = probe_key(script_runner)
    queued = (command for command in needed(script_runner) if key in command)
    return (*begun(script_runner), *queued, ("DISCARD",))


def begun(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """The commands that begin the transaction, on the server that has the probe key."""
    return ("EXISTS", probe_key(script_runner)), ("MULTI",)


def probe_key(script_runner: ScriptRunner) -> str:
    """A key that nothing is ever stored under."""
    return f"{script_runner.prefix}:{{doctor}}:key"
