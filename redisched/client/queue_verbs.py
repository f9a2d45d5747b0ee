"""What can be done to a queue as a whole: pausing and resuming it, draining and removing it, adding shards to it."""

import getpass
import math
import os
import socket
from collections.abc import Callable
from functools import partial

from redisched.client.connection import Connection
from redisched.errors import DrainTimeout, QueueNotEmpty
from redisched.option_checks import check_queue, check_span, check_whole
from redisched.printable import printable
from redisched.shard_map import LARGEST_COUNT
from redisched.store import pausing
from redisched.store.adding_shards import add_shards
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, Pause, with_retries
from redisched.store.pausing import QueuePause
from redisched.store.removing import remove_queue
from redisched.store.values import Status
from redisched.store.view import QueueCounts

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.5
"""The shortest and the longest time between two looks at a queue that is drained."""
LOOKS = 2
"""How often in a row a drained queue is found so."""
_LONGEST_NAME = 100


def pause(connection: Connection, queue: str, duration: object, by: str = "") -> Operation[QueuePause]:
    """Pause a queue for a duration, None for until it is resumed. `by` says who, "" for who runs this program. Raises
    InvalidOption for a bad duration.
    """
    duration_ms = None if duration is None else check_span("duration", duration)
    runner, retry_policy = connection.script_runner, connection.retry_policy()
    now_ms = (yield from with_retries(Inspector(runner, queue).shard(0).counts, retry_policy)).now_ms
    until_ms = None if duration_ms is None else now_ms + duration_ms
    wanted = QueuePause(since_ms=now_ms, until_ms=until_ms, by=printable(by)[:_LONGEST_NAME] or _who())
    yield from with_retries(connection.store(queue).register, retry_policy)
    yield from with_retries(partial(pausing.pause, runner, queue, wanted), retry_policy)
    return wanted


def resume(connection: Connection, queue: str) -> Operation[None]:
    """End the pause of a queue, if there is one."""
    yield from with_retries(partial(pausing.resume, connection.script_runner, queue), connection.retry_policy())


def paused(connection: Connection, queue: str) -> Operation[QueuePause | None]:
    """The pause of a queue; None if it is not paused."""
    return (yield from with_retries(Inspector(connection.script_runner, queue).pause, connection.retry_policy()))


def drain(
    connection: Connection, queue: str, timeout: object, on_look: Callable[[QueueCounts], None] = lambda _: None
) -> Operation[QueueCounts]:
    """Wait until workers have nothing of a queue, and no task of it is due; if it is paused, due tasks may be left.
    `on_look` is given each count. Raises DrainTimeout, and InvalidOption for a bad timeout.
    """
    timeout_s = math.inf if timeout is None else check_span("timeout", timeout) / 1000
    inspector, ends_s = Inspector(connection.script_runner, queue), connection.monotonic() + timeout_s
    # Shards are counted one after the other. A task that another one has enqueued in a shard that was counted before
    # is seen by a second look.
    looks_left, pause_s = LOOKS, FIRST_PAUSE_S
    while True:
        counts = yield from with_retries(inspector.counts, connection.retry_policy())
        pauses = yield from with_retries(inspector.pauses, connection.retry_policy())
        on_look(counts)
        looks_left = LOOKS if counts.leased or (counts.ready and not all(pauses)) else looks_left - 1
        if looks_left == 0:
            return counts
        left_s = ends_s - connection.monotonic()
        if left_s <= 0:
            raise DrainTimeout(queue, counts.ready, counts.leased, timeout_s)
        yield Pause(min(pause_s, left_s))
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def remove(connection: Connection, queue: str) -> Operation[None]:
    """Remove a queue. Raises QueueNotEmpty."""
    retry_policy, inspector = connection.retry_policy(), Inspector(connection.script_runner, queue)
    counts = yield from with_retries(inspector.counts, retry_policy)
    if not (counts.ready or counts.scheduled or counts.leased or counts.dead):
        removal = partial(remove_queue, connection.script_runner, queue)
        if (yield from with_retries(removal, retry_policy)) is Status.REMOVED:
            # The next use of the queue registers it again.
            connection.shard_maps.forget(queue)
            return
        counts = yield from with_retries(inspector.counts, retry_policy)
    raise QueueNotEmpty(queue, counts.ready + counts.scheduled, counts.leased, counts.dead)


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
