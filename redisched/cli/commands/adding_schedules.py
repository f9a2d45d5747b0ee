"""`redisched schedule add`: adds a schedule of a handler, which needs no code that declares it."""

from typing import Any

import click

from redisched.cli.arguments import CommandTakingNumbers, keywords_of
from redisched.cli.deployment import import_option
from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, url_option, with_all
from redisched.cli.producing import app_option, application_with, place_of, why_none_starts
from redisched.cli.schedule_options import SCHEDULE_OPTIONS, arguments_of, check_timetable, said_of
from redisched.cli.schedule_reading import find_schedule, read_schedule
from redisched.cli.session import Session, session
from redisched.cli.task_options import (
    kwarg_option,
    queue_of_handler_option,
    words_argument,
)
from redisched.client import schedule_operations as operations
from redisched.client.scheduler import Scheduler
from redisched.client.scheduling import Given, define
from redisched.embedded import join
from redisched.option_checks import check_name
from redisched.records.schedule import ReadSchedule, schedule_record
from redisched.schedules.definition import check_schedule_name
from redisched.store.schedule_values import ScheduleState


def _schedule_options(command: F) -> F:
    return with_all((*SCHEDULE_OPTIONS, queue_of_handler_option), command)


@click.command("add", cls=CommandTakingNumbers)
@click.argument("name", metavar="NAME")
@click.argument("handler", metavar="HANDLER")
@words_argument
@kwarg_option
@_schedule_options
@app_option
@import_option
@url_option
@json_option
def add_schedule(
    name: str,
    handler: str,
    words: tuple[str, ...],
    pairs: tuple[str, ...],
    target: str | None,
    imports: tuple[str, ...],
    url: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Add a schedule of a handler.

    One of --cron, --every and --at says when its slots come. It stays until it is removed. Adding the same again
    changes nothing; another one of this name is refused. ARGUMENTS are as those of `redisched enqueue`. With --app,
    they are checked against the handler's signature, and the handler gives the options that are missing here. Workers
    that serve the queue fire it; it warns if there are none, or the queue is paused.

    JSON: as `redisched schedule show --json`.
    """
    given = {option: value for option, value in options.items() if value is not None}
    check_timetable(given)
    check_schedule_name("name", name)
    keywords = keywords_of(pairs)
    application = application_with("HANDLER", check_name("handler", handler), target, imports)
    with session(place_of(application, url), join) as opened:
        maker = application or opened.scheduler
        args, kwargs = arguments_of(maker, handler, words, keywords)
        added = _add(opened, maker, name, Given(handler=handler, args=args, kwargs=kwargs, options=given))
        is_over = added.found.stored.state is ScheduleState.OVER
        warning = "" if is_over else why_none_starts(opened, added.found.queue, target, options["queue"])
    if as_json:
        print_json(schedule_record(added))
    else:
        click.echo(said_of(name, added))
    if warning:
        click.echo(f"Warning: {warning}", err=True)


def _add(opened: Session, maker: Scheduler, name: str, given: Given) -> ReadSchedule:
    """Add a schedule that the application makes. The session sends it, because --url selects its Redis."""
    queue, definition = define(maker, given)
    connection = opened.scheduler.connection
    connection.run(operations.add(connection, name, queue, definition), "add")
    return read_schedule(opened, find_schedule(opened, name, queue))
