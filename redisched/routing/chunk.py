"""How many tasks go into one script call: enough to share the cost of the call, but not so many that other clients of
Redis have to wait for long.
"""

from collections.abc import Iterator, Sequence

from redisched.store.values import NewTask

CHUNK_TASKS = 200
CHUNK_BYTES = 4 * 1024 * 1024


def first_chunk(tasks: Sequence[NewTask]) -> Sequence[NewTask]:
    """The first tasks that fit into one script call; at least one."""
    chunk = tasks[:CHUNK_TASKS]
    total_bytes = 0
    for index, task in enumerate(chunk):
        total_bytes += len(task.record)
        if total_bytes > CHUNK_BYTES and index > 0:
            return chunk[:index]
    return chunk


def chunks(tasks: Sequence[NewTask]) -> Iterator[Sequence[NewTask]]:
    """All tasks, divided into chunks that fit into one script call each."""
    first = 0
    while first < len(tasks):
        chunk = first_chunk(tasks[first : first + CHUNK_TASKS])
        yield chunk
        first += len(chunk)
