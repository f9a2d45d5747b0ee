"""Asks Redis with one command what there is to do in many shards.

A worker of hundreds of queues that asked in each of them whether a lease has ended would send commands all the time.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from redisched.shard_map import ShardMap
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.shard import ShardScripts
from redisched.store.store import Store

LARGEST_SURVEY = 512
"""One call surveys at most so many shards, which takes Redis half a millisecond while they are idle."""

_PER_SHARD = 8
_NOTHING = (b"", b"", b"", b"", b"", 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardReport:
    """What there is to do in a shard. Times are the server's, in milliseconds, None for never.

    `led_until_ms` is until when another worker reaps it. `shard_map` is that of its queue as this shard knows it, None
    if it is damaged. `size` is how many entries it has, and `is_sound` whether they agree with each other.
    """

    now_ms: int
    next_due_ms: int | None
    next_expiry_ms: int | None
    forget_ms: int | None
    oldest_death_ms: int | None
    led_until_ms: int | None
    size: int
    is_sound: bool
    shard_map: ShardMap | None


def in_calls(stores: Iterable[Store], group_of: Callable[[str], Hashable]) -> Iterator[list[Store]]:
    """Divide shards into lists that one call can survey. Keys of which `group_of` answers the same may stand in one
    command.
    """
    groups: dict[Hashable, list[Store]] = defaultdict(list)
    for store in stores:
        groups[group_of(store.keys.wake)].append(store)
    for group in groups.values():
        for first in range(0, len(group), LARGEST_SURVEY):
            yield group[first : first + LARGEST_SURVEY]


def survey(script_runner: ScriptRunner, worker: str, stores: Sequence[Store]) -> Operation[list[ShardReport]]:
    """Survey shards whose keys may stand in one command, LARGEST_SURVEY of them at most, on behalf of a worker."""
    keys = [key for store in stores for key in store.script_keys("read/survey")]
    now_ms, shard_maps, *said = yield from script_runner.call("read/survey", keys, (worker,))
    found = {said[at] - 1: said[at + 1 : at + _PER_SHARD] for at in range(0, len(said), _PER_SHARD)}
    return [
        _report(int(now_ms), ShardMap.read(shard_maps[index]), found.get(index, _NOTHING))
        for index in range(len(stores))
    ]


def longest_wait_ms(script_runner: ScriptRunner, store: Store) -> Operation[int]:
    """For how long the task of a shard has been due that has been for longest; 0 if none is due."""
    reply = yield from ShardScripts(script_runner, store.queue, store.shard).call("read/queue")
    now_ms, _leased, _dead, _finished, *bands = map(int, reply)
    due_ms = (oldest_ms for ready, oldest_ms in zip(bands[1::4], bands[3::4], strict=True) if ready)
    return max(0, now_ms - min(due_ms, default=now_ms))


def _report(now_ms: int, shard_map: ShardMap | None, said: Sequence[bytes | int]) -> ShardReport:
    *times, size, is_sound = said
    next_due_ms, next_expiry_ms, forget_ms, death_ms, led_until_ms = (int(time) if time else None for time in times)
    return ShardReport(
        now_ms=now_ms,
        next_due_ms=next_due_ms,
        next_expiry_ms=next_expiry_ms,
        forget_ms=forget_ms,
        oldest_death_ms=death_ms,
        led_until_ms=led_until_ms,
        size=int(size),
        is_sound=bool(is_sound),
        shard_map=shard_map,
    )
