"""A Redis of some twenty commands: all that the scripts and the worker use, a hundred times as fast.

It has no connections and no blocking, and does not check the types of keys. That it answers as servers do is tested in
test_miniature.py.
"""

from collections.abc import Callable
from hashlib import sha1
from typing import Any, NamedTuple

from redis.exceptions import NoScriptError, ResponseError

from tests.simulation.lua import Command, ScriptFailed, collect_garbage, lua_array, redis_table, run_script
from tests.simulation.sorted_set import SortedSet

Data = dict[bytes, Any]


class Snapshot(NamedTuple):
    """The data of one moment, and when keys of them end."""

    data: Data
    ends_us: dict[bytes, int]


class Miniature:
    """The data and scripts of one server. `now_us` answers its time, in microseconds since 1970."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self.now_us = now_us
        self.data: Data = {}
        self._ends: dict[bytes, tuple[int, Any]] = {}
        """When a key ends, and the value that it had then: one that was made anew after it was deleted does not end."""
        self.scripts: dict[bytes, bytes] = {}
        self.on_publish: Callable[[bytes, bytes], int] = lambda _channel, _message: 0
        self._single: dict[bytes, Command] = {
            b"GET": lambda key: self.data.get(key, False),
            b"SET": self._set,
            b"DEL": lambda *keys: sum(self.data.pop(key, None) is not None for key in keys),
            b"EXISTS": lambda *keys: sum(key in self.data for key in keys),
            b"HGET": lambda key, field: self.data.get(key, _NONE).get(field, False),
            b"HSET": self._hset,
            b"HDEL": self._hdel,
            b"HEXISTS": lambda key, field: int(field in self.data.get(key, _NONE)),
            b"HSETNX": lambda key, field, value: int(
                field not in self.data.get(key, _NONE) and self._hset(key, field, value)
            ),
            b"HSTRLEN": lambda key, field: len(self.data.get(key, _NONE).get(field, b"")),
            b"HINCRBY": self._hincrby,
            b"HLEN": self._size,
            b"LLEN": self._size,
            b"LTRIM": self._ltrim,
            b"PEXPIRE": self._pexpire,
            b"PUBLISH": self._publish,
            b"RPUSH": self._rpush,
            b"SADD": self._hset_all,
            b"ZADD": self._zadd,
            b"ZREM": self._zrem,
            b"ZCARD": self._size,
            b"ZCOUNT": self._zcount,
            b"ZRANK": self._zrank,
            b"ZSCORE": self._zscore,
        }
        self._many: dict[bytes, Command] = {
            b"TIME": self._time,
            b"HMGET": self._hmget,
            b"SMEMBERS": lambda key: tuple(self.data.get(key, _NONE)),
            b"MGET": lambda *keys: tuple([self.data.get(key, False) for key in keys]),
            b"HSCAN": lambda key, *_: (b"0", lua_array(self._fields(key))),
            b"ZMSCORE": lambda key, *members: tuple([self._zscore(key, member) for member in members]),
            b"ZSCAN": lambda key, *_: (b"0", lua_array(list(self._zrange(key, 0, -1, b"WITHSCORES")))),
            b"ZRANGE": self._zrange,
            b"ZRANGEBYSCORE": self._zrangebyscore,
        }
        self._redis = redis_table(self._single, self._many)

    def commands(self) -> set[str]:
        """The commands that scripts may call."""
        return {name.decode() for name in self._single.keys() | self._many.keys()}

    def execute(self, command: list[bytes]) -> Any:
        """The reply to a command, as a client gets it. Raises ResponseError."""
        name, *arguments = command
        if self._ends:
            self._end_keys()
        if name == b"EVALSHA":
            source = self.scripts.get(arguments[0])
            if source is None:
                raise NoScriptError("No matching script. Please use EVAL.")
            return self._evaluate(source, arguments)
        if name == b"EVAL":
            self.scripts[sha1(arguments[0], usedforsecurity=False).hexdigest().encode()] = arguments[0]
            return self._evaluate(arguments[0], arguments)
        if name == b"HSCAN":
            return [b"0", self._fields(arguments[0])]
        if name in self._many:
            return [None if value is False else value for value in self._many[name](*arguments)]
        if name in self._single:
            reply = self._single[name](*arguments)
            return None if reply is False else reply
        raise ResponseError(f"unknown command '{name.decode()}'")

    def pop(self, key: bytes) -> bytes | None:
        """Take the first element off a list, None from an empty one."""
        elements = self.data.get(key)
        if not elements:
            return None
        first: bytes = elements.pop(0)
        if not elements:
            del self.data[key]
        return first

    def close(self) -> None:
        """Forget everything."""
        self._redis = None
        self._single.clear()
        self._many.clear()
        collect_garbage()

    def snapshot(self) -> Snapshot:
        """The data as they are now."""
        data = {key: value if type(value) is bytes else value.copy() for key, value in self.data.items()}
        ends_us = {key: end_us for key, (end_us, value) in self._ends.items() if self.data.get(key) is value}
        return Snapshot(data, ends_us)

    def restore(self, snapshot: Snapshot) -> None:
        """Let the data be what they were."""
        self.data = snapshot.data
        self._ends = {key: (end_us, self.data[key]) for key, end_us in snapshot.ends_us.items()}

    def _evaluate(self, source: bytes, arguments: list[bytes]) -> list[Any]:
        try:
            return run_script(source, self._redis, int(arguments[1]), arguments[2:])
        except ScriptFailed as error:
            raise ResponseError(str(error)) from error

    def _time(self) -> tuple[bytes, bytes]:
        seconds, microseconds = divmod(self.now_us(), 1_000_000)
        return b"%d" % seconds, b"%d" % microseconds

    def _set(self, key: bytes, value: Any) -> bytes:
        self.data[key] = _text(value)
        return b"OK"

    def _end_keys(self) -> None:
        """Remove the keys whose time has come. While a script runs, no time passes."""
        now_us = self.now_us()
        for key, (end_us, value) in list(self._ends.items()):
            if end_us <= now_us:
                del self._ends[key]
                if self.data.get(key) is value:
                    del self.data[key]

    def _pexpire(self, key: bytes, ms: Any) -> int:
        value = self.data.get(key)
        if value is None:
            return 0
        self._ends[key] = (self.now_us() + 1_000 * int(ms), value)
        return 1

    def _publish(self, channel: bytes, message: bytes) -> int:
        return self.on_publish(channel, message)

    def _hset(self, key: bytes, *pairs: Any) -> int:
        fields = self.data.get(key)
        if fields is None:
            fields = self.data[key] = {}
        known = len(fields)
        for at in range(0, len(pairs), 2):
            fields[pairs[at]] = _text(pairs[at + 1])
        return len(fields) - known

    def _hset_all(self, key: bytes, *members: bytes) -> int:
        return self._hset(key, *(part for member in members for part in (member, b"")))

    def _hdel(self, key: bytes, *fields: bytes) -> int:
        content = self.data.get(key)
        if content is None:
            return 0
        removed = 0
        for field in fields:
            removed += content.pop(field, None) is not None
        if not content:
            del self.data[key]
        return removed

    def _hmget(self, key: bytes, *fields: bytes) -> tuple[Any, ...]:
        content = self.data.get(key, _NONE)
        return tuple(content.get(field, False) for field in fields)

    def _hincrby(self, key: bytes, field: bytes, increment: Any) -> int:
        value = int(self.data.get(key, _NONE).get(field, 0)) + int(increment)
        self._hset(key, field, value)
        return value

    def _fields(self, key: bytes) -> list[bytes]:
        return [part for pair in self.data.get(key, _NONE).items() for part in pair]

    def _size(self, key: bytes) -> int:
        return len(self.data.get(key, _NONE))

    def _ltrim(self, key: bytes, first: Any, last: Any) -> bytes:
        content = self.data.get(key)
        if content is not None:
            content[:] = content[int(first) : int(last) + 1 or len(content)]
            if not content:
                del self.data[key]
        return b"OK"

    def _rpush(self, key: bytes, *elements: Any) -> int:
        content = self.data.setdefault(key, [])
        content.extend(map(_text, elements))
        return len(content)

    def _zadd(self, key: bytes, *pairs: Any) -> int:
        content = self.data.get(key)
        if content is None:
            content = self.data[key] = SortedSet()
        return sum(content.add(pairs[at + 1], int(pairs[at])) for at in range(0, len(pairs), 2))

    def _zrem(self, key: bytes, *members: bytes) -> int:
        content = self.data.get(key)
        if content is None:
            return 0
        removed: int = sum([content.remove(member) for member in members])
        if not content:
            del self.data[key]
        return removed

    def _zscore(self, key: bytes, member: bytes) -> Any:
        score = self.data[key].score(member) if key in self.data else None
        return False if score is None else b"%d" % score

    def _zrank(self, key: bytes, member: bytes) -> Any:
        rank = self.data[key].rank(member) if key in self.data else None
        return False if rank is None else rank

    def _zcount(self, key: bytes, low: bytes, high: bytes) -> int:
        first, end = self.data[key].slice(_text(low), _text(high)) if key in self.data else (0, 0)
        return max(0, end - first)

    def _zrange(self, key: bytes, first: Any, last: Any, *options: bytes) -> tuple[bytes, ...]:
        if key not in self.data:
            return ()
        ranked = self.data[key].ranked
        end = int(last) + 1 or len(ranked)
        return _told(ranked[int(first) : end], options)

    def _zrangebyscore(self, key: bytes, low: Any, high: Any, *options: Any) -> tuple[bytes, ...]:
        content = self.data.get(key)
        if content is None:
            return ()
        first, end = content.slice(_text(low), _text(high))
        if b"LIMIT" in options:
            at = options.index(b"LIMIT")
            first += int(options[at + 1])
            end = min(end, first + int(options[at + 2]))
        return _told(content.ranked[first:end], options)


_NONE: dict[bytes, bytes] = {}


def _told(ranked: list[tuple[int, bytes]], options: tuple[Any, ...]) -> tuple[bytes, ...]:
    if b"WITHSCORES" in options:
        return tuple([part for score, member in ranked for part in (member, b"%d" % score)])
    return tuple([member for _, member in ranked])


def _text(value: Any) -> bytes:
    return value if type(value) is bytes else b"%.17g" % value
