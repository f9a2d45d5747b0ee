"""Spreading a queue over more shards, while it is in use.

A task's id moves to new shards only. As every old shard learns the layout before the first new one does, and each
refuses whoever names another, no two producers can put the same id into two shards.
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


def spread(dialect: Dialect, queue: str, layout: Layout) -> Operation[bool]:
    """Tell every shard of a layout, the old ones first; False where somebody else has meanwhile chosen another.

    Raises LayoutDamaged.
    """
    for number in range(layout.shards):
        shard = Store(dialect, queue, number)
        if (yield from shard.grow(layout)) is Status.CONFLICT:
            if number == 0:
                return False
            raise LayoutDamaged(queue, shard.keys.layout, str((yield from shard.layout())))
    return True
