"""Adding shards to a queue while it is in use.

Under the new shard map an id may belong to another shard. A shard refuses calls that name another shard map than its
own. So a producer that adds a task to its new shard has not found it in any of the old ones, and no other producer can
add it there any more. The first shard decides which shard map comes next. In which order the other shards get it does
not matter. The shards of a paused queue are paused before they get tasks.
"""

from redisched.errors import CannotShrink, ShardMapDamaged
from redisched.shard_map import ShardMap
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.pausing import follow_first_shard, set_shards, stored_pause
from redisched.store.store import Store
from redisched.store.values import Status


def add_shards(script_runner: ScriptRunner, queue: str, shards: int) -> Operation[ShardMap]:
    """Add shards until a queue has so many; on return each of them takes tasks. If a call was interrupted, the next one
    finishes its work.

    Raises CannotShrink and ShardMapDamaged.
    """
    while True:
        shard_map = yield from Store(script_runner, queue).shard_map()
        if shards < shard_map.shards:
            raise CannotShrink(queue, shard_map.shards, shards)
        pause = yield from stored_pause(script_runner, queue)
        if pause is not None:
            yield from set_shards(script_runner, queue, range(shard_map.shards, shards), pause)
        if shards > shard_map.shards:
            shard_map = shard_map.with_shards(shards)
        if (yield from distribute(script_runner, queue, shard_map)):
            if (yield from stored_pause(script_runner, queue)) != pause:
                yield from follow_first_shard(script_runner, queue)
            return shard_map


def stores_of(script_runner: ScriptRunner, queue: str) -> Operation[list[Store]]:
    """Every shard of a queue. Raises ShardMapDamaged."""
    shard_map = yield from Store(script_runner, queue).shard_map()
    return [Store(script_runner, queue, shard) for shard in range(shard_map.shards)]


def distribute(script_runner: ScriptRunner, queue: str, shard_map: ShardMap) -> Operation[bool]:
    """Give a shard map to every shard, the first one first. Answers False if the first shard has got another shard map
    meanwhile.

    Raises ShardMapDamaged.
    """
    for number in range(shard_map.shards):
        shard = Store(script_runner, queue, number)
        if (yield from shard.add_shards(shard_map)) is Status.CONFLICT:
            if number == 0:
                return False
            raise ShardMapDamaged(queue, shard.keys.layout, str((yield from shard.shard_map())))
    return True


def reconcile(script_runner: ScriptRunner, queue: str, known: ShardMap) -> Operation[ShardMap]:
    """Give every shard the longest shard map that any shard has, and answer with it.

    Shards have different shard maps if adding shards was interrupted, or if one of them lost its latest shard map, such
    as in a failover. Raises ShardMapDamaged if one shard map is not the beginning of the other, so that they cannot be
    of one queue.
    """
    longest, looked_at = known, 0
    while looked_at < longest.shards:
        shard = Store(script_runner, queue, looked_at)
        shard_map = yield from shard.shard_map()
        if shard_map.extends(longest):
            longest = shard_map
        elif not longest.extends(shard_map):
            raise ShardMapDamaged(queue, shard.keys.layout, str(shard_map))
        looked_at += 1
    yield from distribute(script_runner, queue, longest)
    return longest
