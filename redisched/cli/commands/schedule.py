"""`redisched schedule`: lists schedules and their next slots."""

import time

import click

from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option
from redisched.cli.slots import print_slots, slot_records, zone_name
from redisched.cli.tables import print_facts
from redisched.timetable.cron import Cron
from redisched.timetable.timetable import next_slots
from redisched.timetable.zone import UTC_NAME


@click.group()
def schedule() -> None:
    """List schedules and their next slots."""


@schedule.command("next")
@click.argument("expression", metavar="EXPRESSION")
@click.option("--tz", default=UTC_NAME, show_default=True, metavar="ZONE", help="The time zone, such as Europe/Berlin.")
@click.option("--count", type=click.IntRange(1, 1_000), default=5, show_default=True, help="How many slots to print.")
@json_option
def next_of_schedule(expression: str, tz: str, count: int, as_json: bool) -> None:
    """Print in words when a cron expression fires, and its next slots. Nothing is asked of Redis.

    JSON: words, tz and slots (a list of slot_ms and local, the local time with its offset).
    """
    timetable = Cron(expression=expression, tz=tz)
    now_ms = int(time.time() * 1_000)
    slots_ms, zone = next_slots(timetable, now_ms, count), zone_name(timetable)
    if as_json:
        print_json({"words": timetable.words(), "tz": zone, "slots": slot_records(slots_ms, zone)})
        return
    print_facts([("when", timetable.words()), ("zone", zone)])
    click.echo()
    print_slots(slots_ms, zone, now_ms)
