"""Whether the user may call every command that redisched calls: within a script, too, they are checked one by one."""

from redisched.doctor.finding import Finding, danger, ok, warning
from redisched.errors import BrokerRefused
from redisched.keys import PREFIX, QUEUES
from redisched.store.operation import Command, Operation

CHECK = "rights"
_KEY = f"{PREFIX}:{{doctor}}:key"
NEEDED: tuple[Command, ...] = (
    ("BLPOP", _KEY, "1"),
    ("DEL", _KEY),
    ("EVAL", "return 1", "1", _KEY),
    ("EVALSHA", 40 * "0", "1", _KEY),
    ("EXISTS", _KEY),
    ("GET", _KEY),
    ("HDEL", _KEY, "field"),
    ("HEXISTS", _KEY, "field"),
    ("HGET", _KEY, "field"),
    ("HINCRBY", _KEY, "field", "1"),
    ("HLEN", _KEY),
    ("HMGET", _KEY, "field"),
    ("HSCAN", _KEY, "0"),
    ("HSET", _KEY, "field", "value"),
    ("LLEN", _KEY),
    ("LTRIM", _KEY, "0", "0"),
    ("RPUSH", _KEY, "element"),
    ("SADD", QUEUES, "member"),
    ("SET", _KEY, "value"),
    ("SMEMBERS", QUEUES),
    ("TIME",),
    ("TYPE", _KEY),
    ("ZADD", _KEY, "1", "member"),
    ("ZCARD", _KEY),
    ("ZCOUNT", _KEY, "0", "1"),
    ("ZMSCORE", _KEY, "member"),
    ("ZRANGE", _KEY, "0", "1"),
    ("ZRANGEBYSCORE", _KEY, "0", "1"),
    ("ZREM", _KEY, "member"),
    ("ZREMRANGEBYRANK", _KEY, "0", "0"),
    ("ZREVRANGE", _KEY, "0", "1"),
    ("ZSCAN", _KEY, "0"),
    ("ZSCORE", _KEY, "member"),
)
"""Every command that is called, of a key or in a script, as it might be."""


def check_rights() -> Operation[list[Finding]]:
    """Have the server say of each command whether this user may call it."""
    try:
        user = (yield ("ACL", "WHOAMI")).decode(errors="backslashreplace")
        lacking: list[str] = []
        for command in NEEDED:
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
        f"let it: ACL SETUSER {user} ~{PREFIX}:* {rules}"
    )
    return [danger(CHECK, sentence)]
