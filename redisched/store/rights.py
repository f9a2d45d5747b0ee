"""Every command that redisched calls: a server checks each by itself, within a script, too."""

from redisched.store.operation import Command, ScriptRunner


def needed(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """Every command that is called, of a key or in a script, as it might be."""
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


def asking(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """Commands, to be sent at once, of which a server refuses those that this user may not call, and does none.

    What is queued for a transaction is checked at once, and given up at the end. `MULTI` itself has to be allowed.
    """
    key = probe_key(script_runner)
    queued = (command for command in needed(script_runner) if key in command)
    return (*begun(script_runner), *queued, ("DISCARD",))


def begun(script_runner: ScriptRunner) -> tuple[Command, ...]:
    """The beginning of a transaction, on the server that has the key which rights are asked of."""
    return ("EXISTS", probe_key(script_runner)), ("MULTI",)


def probe_key(script_runner: ScriptRunner) -> str:
    """A key of nobody's."""
    return f"{script_runner.prefix}:{{doctor}}:key"
