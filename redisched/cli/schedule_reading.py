"""Reads schedules for commands, with the latest task of each."""

from functools import partial
from typing import NamedTuple

from redisched.cli.session import Session
from redisched.client import schedule_operations as operations
from redisched.client.schedule_view import FoundSchedule
from redisched.errors import Undecodable
from redisched.option_checks import check_queue
from redisched.records.schedule import ReadSchedule
from redisched.records.schedule_reading import read_found
from redisched.records.without_secrets import body_without_secrets
from redisched.schedules.definition import check_schedule_name


def find_schedule(opened: Session, name: str, queue: str | None) -> FoundSchedule:
    """Find a schedule by its name. Raises UnknownSchedule, and InvalidOption if several queues have one."""
    check_schedule_name("name", name)
    if queue is not None:
        check_queue("queue", queue)
    connection = opened.scheduler.connection
    return connection.run(operations.find(connection, name, queue), "find")


def read_schedule(opened: Session, found: FoundSchedule) -> ReadSchedule:
    """Read what a stored schedule is, with its secrets hidden. Raises Undecodable if another version, or another
    program, has written it.
    """
    read = opened.ask(partial(read_found, opened.inspector(found.queue), found))
    return read._replace(body=body_without_secrets(read.body))


class SchedulePage(NamedTuple):
    """Schedules by queue and name; also those that cannot be read, and why. `cursor` is where the next page begins, ""
    at the end.
    """

    schedules: list[ReadSchedule]
    unreadable: list[tuple[FoundSchedule, str]]
    cursor: str


def read_schedules(opened: Session, queue: str | None, cursor: str, limit: int) -> SchedulePage:
    """Read a page of at most `limit` schedules, of one queue or of all; the first page for the cursor ""."""
    connection, (after_queue, _, after_name) = opened.scheduler.connection, cursor.partition("/")
    known = opened.queues(queue)
    listing = operations.stored_page(connection, known, (after_queue, after_name), limit)
    found, has_more = connection.run(listing, "stored_page")
    read: list[ReadSchedule] = []
    unreadable: list[tuple[FoundSchedule, str]] = []
    for one in found:
        try:
            read.append(read_schedule(opened, one))
        except Undecodable as error:
            unreadable.append((one, error.reason))
    return SchedulePage(read, unreadable, f"{found[-1].queue}/{found[-1].stored.name}" if has_more else "")
