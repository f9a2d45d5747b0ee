"""Spreading a queue over more shards, while it is in use.

An id may have another home under the new layout, and each shard refuses whoever names another layout than it has. So
whoever puts an id at its new home has found it at none of the old ones, where nobody can put it any more. The first
shard decides which layout comes next; in what order the others learn of it makes no difference.
"""

from redisched.errors import CannotShrink, LayoutDamaged
from redisched.layout import Layout
from redisched.store.operation import Dialect, Operation
from redisched.store.store import Store
from redisched.store.values import Status


def grow(dialect: Dialect, queue: str, shards: int) -> Operation[Layout]:
    """Spread a queue over so many shards; on return each of them takes tasks. Repeated, it ends what was begun.

    Raises CannotShrink and LayoutDamaged.
    """
    while True:
        layout = yield from Store(dialect, queue).layout()
        if shards < layout.shards:
            raise CannotShrink(queue, layout.shards, shards)
        if shards > layout.shards:
            layout = layout.grown(shards)
        if (yield from spread(dialect, queue, layout)):
            return layout


def stores_of(dialect: Dialect, queue: str) -> Operation[list[Store]]:
    """Every shard of a queue. Raises LayoutDamaged."""
    layout = yield from Store(dialect, queue).layout()
    return [Store(dialect, queue, shard) for shard in range(layout.shards)]


def spread(dialect: Dialect, queue: str, layout: Layout) -> Operation[bool]:
    """Tell every shard of a layout, the first before the others; False if somebody else has chosen another.

    Raises LayoutDamaged.
    """
    for number in range(layout.shards):
        shard = Store(dialect, queue, number)
        if (yield from shard.grow(layout)) is Status.CONFLICT:
            if number == 0:
                return False
            raise LayoutDamaged(queue, shard.keys.layout, str((yield from shard.layout())))
    return True


def agree(dialect: Dialect, queue: str, known: Layout) -> Operation[Layout]:
    """Give every shard the longest layout that one of them has; answers that.

    Shards differ where a growth was left half done, and where one of them has lost its latest layout, as by a failover.
    Raises LayoutDamaged where two layouts cannot be those of one queue.
    """
    longest, looked_at = known, 0
    while looked_at < longest.shards:
        shard = Store(dialect, queue, looked_at)
        layout = yield from shard.layout()
        if layout.extends(longest):
            longest = layout
        elif not longest.extends(layout):
            raise LayoutDamaged(queue, shard.keys.layout, str(layout))
        looked_at += 1
    yield from spread(dialect, queue, longest)
    return longest
