"""A dump: all keys of a Redis server at one moment, and what an observer saw of every task then.

It is not an RDB file, because neither older servers nor the fake one can load those. Loading a dump changes no times in
it. Instead, the test makes the scripts read the time of the dump (see `DumpTime`), so nothing here has to know where a
format stores times.
"""

import lzma
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import msgpack
import pytest

from redisched.keys import keys_of, queues_key
from redisched.store.broker import Broker
from redisched.store.operation import Client
from tests.dumps.seen import Seen
from tests.script_rewriting import rewrite_scripts
from tests.server_time import read_shifted_time
from tests.snapshot import snapshot_of

FOLDER = Path(__file__).parent
SUFFIX = ".msgpack.xz"

_PART = 1_000
_WRITES = {"hash": "HSET", "list": "RPUSH", "set": "SADD", "string": "SET", "zset": "ZADD"}
Content: TypeAlias = Sequence[Any]
"""The type of a key and its content, in the order in which a command writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """`keys` by name, `seen` by queue and task id, `repairs` by queue and kind. All times are the server's."""

    taken_ms: int
    keys: Mapping[str, Content]
    seen: Mapping[str, Seen]
    repairs: Mapping[str, Mapping[str, int]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The dump that a file holds."""
        return cls(**msgpack.unpackb(lzma.decompress(path.read_bytes())))

    def only(self, queue: str) -> "Dump":
        """The part of this dump that concerns one queue, which must not be sharded."""
        base = keys_of(queue).tasks.removesuffix("tasks")
        keys = {key: content for key, content in self.keys.items() if key.startswith(base)}
        keys[queues_key()] = ("set", [queue.encode()])
        return replace(self, keys=keys, seen={queue: self.seen[queue]}, repairs={queue: self.repairs[queue]})

    def write(self, path: Path) -> None:
        """Write the dump to a file, with the strongest compression."""
        packed: bytes = msgpack.packb(asdict(self))
        path.write_bytes(lzma.compress(packed, preset=9 | lzma.PRESET_EXTREME))

    def load(self, client: Client) -> None:
        """Write every key into an empty server."""
        client.perform_all(_commands(self.keys))


def kept_dumps() -> list[Path]:
    """The files of all dumps, one for each format so far."""
    return sorted(FOLDER.glob(f"*{SUFFIX}"))


def contents_of(broker: Broker) -> dict[str, Content]:
    """Every key of a server that no other client uses, in an order that does not depend on the server."""
    perform = broker.client().perform
    contents: dict[str, Content] = {}
    for key in sorted(snapshot_of(broker)):
        kind = perform(("TYPE", key)).decode()
        contents[key.decode()] = (kind, _read(perform, kind, key))
    return contents


def _read(perform: Any, kind: str, key: bytes) -> list[Any]:
    if kind == "string":
        return [perform(("GET", key))]
    if kind == "list":
        return list(perform(("LRANGE", key, 0, -1)))
    if kind == "set":
        return sorted(perform(("SMEMBERS", key)))
    if kind == "hash":
        flat = perform(("HGETALL", key))
        return [part for pair in sorted(zip(flat[::2], flat[1::2], strict=True)) for part in pair]
    flat = perform(("ZRANGE", key, 0, -1, "WITHSCORES"))
    return [part for member, score in zip(flat[::2], flat[1::2], strict=True) for part in (int(score), member)]


def _commands(keys: Mapping[str, Content]) -> Iterator[tuple[Any, ...]]:
    """The commands that write the keys. Large keys are written in parts of even length, so that pairs stay together."""
    for key, (kind, content) in keys.items():
        for first in range(0, len(content), _PART):
            yield (_WRITES[kind], key, *content[first : first + _PART])


class DumpTime:
    """Makes the scripts read a time that starts now with the time of the dump and advances normally."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, taken_ms: int) -> None:
        self._monkeypatch = monkeypatch
        self._shift_ms = 0
        self._move(taken_ms - round(time.time() * 1e3))

    def now_ms(self) -> float:
        """The time that the scripts read, if the server runs on this machine."""
        return time.time() * 1e3 + self._shift_ms

    def advance(self, ms: int) -> None:
        """Move the time forward at once. No worker may run meanwhile."""
        self._move(self._shift_ms + ms)

    def _move(self, shift_ms: int) -> None:
        self._shift_ms = shift_ms
        rewrite_scripts(self._monkeypatch, read_shifted_time(shift_ms))
