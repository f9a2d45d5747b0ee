"""Reads schedules for commands, with the latest task of each."""

from functools import partial

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


def read_schedules(opened: Session, queue: str | None) -> tuple[list[ReadSchedule], list[tuple[FoundSchedule, str]]]:
    """Read all schedules, of one queue or of all; also those that cannot be read, and why."""
    connection = opened.scheduler.connection
    found = connection.run(operations.every_stored(connection, queue), "every_stored")
    read: list[ReadSchedule] = []
    unreadable: list[tuple[FoundSchedule, str]] = []
    for one in found:
        try:
            read.append(read_schedule(opened, one))
        except Undecodable as error:
            unreadable.append((one, error.reason))
    return read, unreadable
