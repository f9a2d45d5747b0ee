"""`redisched schedule`: lists and shows schedules and their next slots. Other modules add and change them."""

import re
import time

import click

from redisched.cli.commands.adding_schedules import add_schedule
from redisched.cli.commands.changing_schedules import change_schedule
from redisched.cli.commands.steering_schedules import pause_schedules, remove_schedules, resume_schedules, run_schedules
from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, queue_option, url_option
from redisched.cli.refreshing import print_reading, show_reading, watch_option
from redisched.cli.schedule_reading import SchedulePage, find_schedule, read_schedule, read_schedules
from redisched.cli.schedule_text import schedule_facts
from redisched.cli.session import session
from redisched.cli.slots import print_slots
from redisched.cli.tables import print_facts, print_table
from redisched.client.schedule_view import FoundSchedule
from redisched.printable import printable, shell_word
from redisched.records.schedule import ReadSchedule, schedule_record, slot_records, zone_name
from redisched.store.schedule_values import ScheduleState
from redisched.times import relative
from redisched.timetable.cron import Cron
from redisched.timetable.timetable import next_slots
from redisched.timetable.zone import UTC_NAME

_NAME = re.compile(r"[\w.:<>#-]+")
"""What may be the name of a schedule. A cron expression has blanks, and its other forms begin with @."""
_HEADINGS = ("NAME", "QUEUE", "STATE", "WHEN", "NEXT", "HANDLER", "LAST TASK", "LAST STATE")


@click.group()
def schedule() -> None:
    """List, show, add, change, pause, run and remove schedules."""


for _command in (add_schedule, change_schedule, pause_schedules, resume_schedules, run_schedules, remove_schedules):
    schedule.add_command(_command)


@schedule.command("ls")
@queue_option
@click.option("--cursor", metavar="CURSOR", default="", help="Continue a listing, as its last line says.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Print at most so many schedules.",
)
@watch_option
@url_option
@json_option
def list_schedules(
    queue: str | None, cursor: str, limit: int, is_watched: bool, url: str | None, as_json: bool
) -> None:
    """List schedules with their next slots, by queue and name.

    LAST TASK is that of the latest slot that has come, and LAST STATE how it has ended, or how far it is.

    JSON: a list of records as `redisched schedule show --json` prints one; with --watch, one such list on a line for
    each reading.
    """

    def show(page: SchedulePage) -> None:
        schedules, unreadable, more = page
        if as_json:
            print_reading([schedule_record(one) for one in schedules], is_watched)
        elif schedules:
            print_table(_HEADINGS, [_row(one) for one in schedules], cut="WHEN")
        elif not unreadable:
            click.echo("There is no schedule. Add one: redisched schedule add NAME HANDLER --every 1h")
        for found, reason in unreadable:
            name, of_queue = printable(found.stored.name), printable(found.queue)
            said = f"Warning: schedule {name} of queue {of_queue} cannot be read here: {printable(reason)}"
            click.echo(said, err=True)
        if more:
            click.echo(f"There are more: repeat the command with --cursor {shell_word(more)}", err=True)

    with session(url) as opened:
        show_reading(lambda: read_schedules(opened, queue, cursor, limit), show, is_watched)


@schedule.command("show")
@click.argument("name", metavar="NAME")
@queue_option
@url_option
@json_option
def show_schedule(name: str, queue: str | None, url: str | None, as_json: bool) -> None:
    """Show a schedule, its last task and next slots.

    JSON: name, queue, shard, state (active, paused or over), words, cron, tz, every_ms, anchor_ms, at_ms, start_ms,
    end_ms, jitter_ms, misfire, overlap, application (whose code declares it), handler, args, kwargs, priority,
    max_attempts, timeout_ms, expires_ms, deadline_ms, retention_ms, keep, last_id, last_state, next_ms, slots[{slot_ms,
    local}], now_ms. A value that is not known is null; an option of the task that is null is that of the handler. Times
    are the server's, in milliseconds since 1970.
    """
    with session(url) as opened:
        found = read_schedule(opened, find_schedule(opened, name, queue))
    if as_json:
        print_json(schedule_record(found))
        return
    print_facts(schedule_facts(found))
    slots_ms = found.slots_ms()
    if slots_ms:
        click.echo(_slots_heading(found.found))
        print_slots(slots_ms, found.zone, found.found.now_ms)


@schedule.command("next")
@click.argument("expression", metavar="EXPRESSION|NAME")
@click.option("--tz", metavar="ZONE", help="The time zone of an expression, such as Europe/Berlin. Default: UTC.")
@click.option("--count", type=click.IntRange(1, 1_000), default=5, show_default=True, help="How many slots to print.")
@queue_option
@url_option
@json_option
def next_of_schedule(
    expression: str, tz: str | None, count: int, queue: str | None, url: str | None, as_json: bool
) -> None:
    """Print when an expression or a schedule fires.

    It prints this in words, and the next slots. Of an expression, such as "0 3 * * *" or @daily, nothing is asked of
    Redis.

    JSON: words, tz and slots (a list of slot_ms and local, the local time with its offset); of a schedule also its
    name, queue and state.
    """
    if _NAME.fullmatch(expression):
        if tz is not None:
            raise click.UsageError("--tz goes with a cron expression; a schedule has its own zone")
        _print_next_of(expression, count, queue, url, as_json)
        return
    timetable = Cron(expression=expression, tz=UTC_NAME if tz is None else tz)
    now_ms = int(time.time() * 1_000)
    slots_ms, zone = next_slots(timetable, now_ms, count), zone_name(timetable)
    if as_json:
        print_json({"words": timetable.words(), "tz": zone, "slots": slot_records(slots_ms, zone)})
        return
    print_facts([("when", timetable.words()), ("zone", zone)])
    click.echo()
    print_slots(slots_ms, zone, now_ms)


def _print_next_of(name: str, count: int, queue: str | None, url: str | None, as_json: bool) -> None:
    """Print the next slots of a schedule."""
    with session(url) as opened:
        found = find_schedule(opened, name, queue)
    timing, state = found.definition.timing, found.stored.state
    zone, slots_ms = zone_name(timing.timetable), next_slots(timing, found.now_ms, count)
    if as_json:
        known = {"name": name, "queue": found.queue, "state": state, "words": timing.words(), "tz": zone}
        print_json(known | {"slots": slot_records(slots_ms, zone)})
        return
    print_facts([("when", timing.words()), ("zone", zone), ("state", state)])
    if slots_ms:
        click.echo(_slots_heading(found))
        print_slots(slots_ms, zone, found.now_ms)


def _slots_heading(found: FoundSchedule) -> str:
    return "\nWhen it is resumed, its slots are:" if found.stored.state is ScheduleState.PAUSED else ""


def _row(one: ReadSchedule) -> tuple[object, ...]:
    stored, now_ms = one.found.stored, one.found.now_ms
    return (
        stored.name,
        one.found.queue,
        stored.state,
        one.definition.timing.words(),
        None if one.next_ms is None else relative(one.next_ms, now_ms),
        one.body.name,
        one.last_id,
        one.last_state,
    )
