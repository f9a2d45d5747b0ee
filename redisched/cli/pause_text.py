"""Turns the pause of a queue into output of the command line."""

from collections.abc import Sequence

from redisched.printable import printable
from redisched.store.pausing import QueuePause
from redisched.times import relative, relative_and_exact


def pause_text(pauses: Sequence[QueuePause | None], now_ms: int) -> str | None:
    """Return since when and by whom a queue is paused, given the pause of each shard; None if no shard is paused."""
    found = [pause for pause in pauses if pause is not None]
    if not found:
        return None
    until = "" if found[0].until_ms is None else f", until {relative_and_exact(found[0].until_ms, now_ms)}"
    part = "" if len(found) == len(pauses) else f"; only {len(found)} of {len(pauses)} shards: resume or pause it again"
    return f"{relative(found[0].since_ms, now_ms)} by {printable(found[0].by)}{until}{part}"
