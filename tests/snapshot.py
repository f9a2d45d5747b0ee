"""The content of Redis, to be compared with the content at a later time."""

from redisched.store.broker import Broker
from tests.brokers import keys_like

_READS: dict[bytes, tuple[str, ...]] = {
    b"hash": ("HGETALL",),
    b"list": ("LRANGE", "0", "-1"),
    b"set": ("SMEMBERS",),
    b"string": ("GET",),
    b"zset": ("ZRANGE", "0", "-1", "WITHSCORES"),
}


def snapshot_of(broker: Broker) -> dict[bytes, list[bytes]]:
    """Every key with its content, without the order within a hash or set, which is the server's choice."""
    perform = broker.client().perform
    contents = {}
    for key in keys_like(broker, "*"):
        kind = perform(("TYPE", key))
        command, *rest = _READS[kind]
        content = perform((command, key, *rest))
        if kind == b"hash":
            content = [field + b" " + value for field, value in zip(content[::2], content[1::2], strict=True)]
        contents[key] = sorted(content) if kind in {b"hash", b"set"} else content
    return contents
