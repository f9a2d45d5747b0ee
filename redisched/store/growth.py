"""Adding shards to a queue while it is in use.

Under the new layout an id may belong to another shard. A shard refuses calls that name another layout than its own. So
a producer that adds a task to its new shard has not found it in any of the old ones, and no other producer can add it
there any more. The first shard decides which layout comes next. In which order the other shards get it does not matter.
"""

from redisched.errors import CannotShrink, LayoutDamaged
from redisched.layout import Layout
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.store import Store
from redisched.store.values import Status


def grow(script_runner: ScriptRunner, queue: str, shards: int) -> Operation[Layout]:
    """Add shards until a queue has so many; on return each of them takes tasks. If a call was interrupted, the next one
    finishes its work.

    Raises CannotShrink and LayoutDamaged.
    """
    while True:
        layout = yield from Store(script_runner, queue).layout()
        if shards < layout.shards:
            raise CannotShrink(queue, layout.shards, shards)
        if shards > layout.shards:
            layout = layout.with_shards(shards)
        if (yield from spread(script_runner, queue, layout)):
            return layout


def stores_of(script_runner: ScriptRunner, queue: str) -> Operation[list[Store]]:
    """Every shard of a queue. Raises LayoutDamaged."""
    layout = yield from Store(script_runner, queue).layout()
    return [Store(script_runner, queue, shard) for shard in range(layout.shards)]


def spread(script_runner: ScriptRunner, queue: str, layout: Layout) -> Operation[bool]:
    """Give a layout to every shard, the first one first. Answers False if the first shard has got another layout
    meanwhile.

    Raises LayoutDamaged.
    """
    for number in range(layout.shards):
        shard = Store(script_runner, queue, number)
        if (yield from shard.grow(layout)) is Status.CONFLICT:
            if number == 0:
                return False
            raise LayoutDamaged(queue, shard.keys.layout, str((yield from shard.layout())))
    return True


def reconcile(script_runner: ScriptRunner, queue: str, known: Layout) -> Operation[Layout]:
    """Give every shard the longest layout that any shard has, and answer with it.

    Shards have different layouts if adding shards was interrupted, or if one of them lost its latest layout, such as in
    a failover. Raises LayoutDamaged if one layout is not the beginning of the other, so that they cannot be of one
    queue.
    """
    longest, looked_at = known, 0
    while looked_at < longest.shards:
        shard = Store(script_runner, queue, looked_at)
        layout = yield from shard.layout()
        if layout.extends(longest):
            longest = layout
        elif not longest.extends(layout):
            raise LayoutDamaged(queue, shard.keys.layout, str(layout))
        looked_at += 1
    yield from spread(script_runner, queue, longest)
    return longest
