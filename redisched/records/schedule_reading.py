"""Reads what the record of a schedule needs."""

from redisched.client.schedule_view import FoundSchedule
from redisched.codec import decode_task
from redisched.errors import Undecodable
from redisched.printable import shell_argument, shell_word
from redisched.records.schedule import ReadSchedule, last_due_id
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation
from redisched.store.schedule_values import ScheduleState


def read_found(inspector: Inspector, found: FoundSchedule) -> Operation[ReadSchedule]:
    """Read what a stored schedule is, with its latest task; `inspector` is that of its queue. Raises Undecodable if
    another version, or another program, has written it.
    """
    if found.stored.state is ScheduleState.DAMAGED:
        told = "what is stored of its state is damaged, so it fires no more; to remove it"
        raise Undecodable(
            f"{told}: redisched schedule rm --queue {shell_word(found.queue)} {shell_argument(found.stored.name)}"
        )
    definition, last_id = found.definition, last_due_id(found)
    record = definition.task.record
    body = decode_task(record, len(record))
    last = (yield from inspector.task(last_id)) if last_id else None
    return ReadSchedule(found, definition, body, last_id, last)
