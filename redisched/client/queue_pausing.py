"""What pausing and resuming a queue does, and adding shards to it."""

import getpass
import os
import socket
from functools import partial

from redisched.client.connection import Connection
from redisched.option_checks import check_queue, check_span, check_whole
from redisched.printable import printable
from redisched.shard_map import LARGEST_COUNT
from redisched.store import pausing
from redisched.store.adding_shards import add_shards
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, with_retries
from redisched.store.pausing import QueuePause

_LONGEST_NAME = 100


def pause(connection: Connection, queue: str, duration: object) -> Operation[QueuePause]:
    """Pause a queue for a duration, None for until it is resumed. Raises InvalidOption for a bad duration."""
    duration_ms = None if duration is None else check_span("duration", duration)
    runner, retry_policy = connection.script_runner, connection.retry_policy()
    now_ms = (yield from with_retries(Inspector(runner, queue).shard(0).counts, retry_policy)).now_ms
    until_ms = None if duration_ms is None else now_ms + duration_ms
    wanted = QueuePause(since_ms=now_ms, until_ms=until_ms, by=_who())
    yield from with_retries(connection.store(queue).register, retry_policy)
    yield from with_retries(partial(pausing.pause, runner, queue, wanted), retry_policy)
    return wanted


def resume(connection: Connection, queue: str) -> Operation[None]:
    """End the pause of a queue, if there is one."""
    yield from with_retries(partial(pausing.resume, connection.script_runner, queue), connection.retry_policy())


def paused(connection: Connection, queue: str) -> Operation[QueuePause | None]:
    """The pause of a queue; None if it is not paused."""
    return (yield from with_retries(Inspector(connection.script_runner, queue).pause, connection.retry_policy()))


def grow(connection: Connection, queue: str, shards: object) -> Operation[None]:
    """Add shards to a queue. Raises InvalidOption and CannotShrink."""
    retry_policy = connection.retry_policy()
    store = connection.store(check_queue("queue", queue))
    count = check_whole("shards", shards, 1, LARGEST_COUNT)
    yield from with_retries(store.register, retry_policy)
    shard_map = yield from with_retries(partial(add_shards, connection.script_runner, queue, count), retry_policy)
    connection.shard_maps.remember(queue, shard_map, connection.monotonic())


def _who() -> str:
    """Who runs this program, and where, such as `ann@desk`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A user of a container may have no name.
        user = str(os.getuid())
    return printable(f"{user}@{socket.gethostname()}")[:_LONGEST_NAME]
