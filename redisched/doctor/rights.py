"""Whether the user may call every command that redisched calls: within a script, too, they are checked one by one."""

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.store.operation import Command, Dialect, Operation

CHECK = "rights"


def needed(dialect: Dialect) -> tuple[Command, ...]:
    """Every command that is called, of a key or in a script, as it might be."""
    key = f"{dialect.prefix}:{{doctor}}:key"
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
        ("LLEN", key),
        ("LTRIM", key, "0", "0"),
        ("RPUSH", key, "element"),
        ("SADD", dialect.queues_key, "member"),
        ("SET", key, "value"),
        ("SMEMBERS", dialect.queues_key),
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
        ("ZREVRANGE", key, "0", "1"),
        ("ZSCAN", key, "0"),
        ("ZSCORE", key, "member"),
    )


def check_rights(dialect: Dialect) -> Operation[list[Finding]]:
    """Have the server say of each command whether this user may call it."""
    try:
        user = (yield ("ACL", "WHOAMI")).decode(errors="backslashreplace")
        lacking: list[str] = []
        for command in needed(dialect):
            answer = yield ("ACL", "DRYRUN", user, *command)
            lacking += [] if answer == b"OK" else [str(command[0])]
    except BrokerRefused as error:
        return [
            warning(CHECK, f"The rights of this user cannot be told ({error.reason}); ask as one who may ACL DRYRUN.")
        ]
    if not lacking:
        return [ok(CHECK, f"User {user} may call every command that redisched needs.")]
    rules = " ".join(f"+{name.lower()}" for name in lacking)
    sentence = (
        f"User {user} may not {', '.join(lacking)} on redisched's keys, so that a script can stop half-way; "
        f"let it: ACL SETUSER {user} ~{dialect.prefix}:* {rules}"
    )
    return [danger(CHECK, sentence)]
