"""`redisched schedule change`: changes what is given of a schedule, and leaves the rest."""

from typing import Any

import click

from redisched.cli.application import load_scheduler
from redisched.cli.arguments import CommandTakingNumbers, keywords_of
from redisched.cli.deployment import import_option
from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, queue_option, url_option, with_all
from redisched.cli.producing import app_option, check_handler, place_of
from redisched.cli.schedule_options import SCHEDULE_OPTIONS, arguments_of, check_one_timetable, said_of
from redisched.cli.schedule_reading import find_schedule, read_schedule
from redisched.cli.session import Session, session
from redisched.cli.task_options import kwarg_option, words_argument
from redisched.client import schedule_operations as operations
from redisched.client.scheduler import Scheduler
from redisched.client.scheduling import Given
from redisched.records.schedule import ReadSchedule, schedule_record
from redisched.schedules.definition import check_schedule_name


def _schedule_options(command: F) -> F:
    return with_all(SCHEDULE_OPTIONS, command)


@click.command("change", cls=CommandTakingNumbers)
@click.argument("name", metavar="NAME")
@words_argument
@kwarg_option
@_schedule_options
@queue_option
@app_option
@import_option
@url_option
@json_option
def change_schedule(
    name: str,
    words: tuple[str, ...],
    pairs: tuple[str, ...],
    target: str | None,
    imports: tuple[str, ...],
    queue: str | None,
    url: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Change what is given of a schedule, and leave the rest.

    ARGUMENTS and --kwarg together take the place of all arguments that it has; with --app they are checked against the
    handler's signature. --queue says in which queue it is. A paused schedule stays paused. Tasks that were enqueued
    ahead of their time are replaced. One that code declares stays changed until the code declares it differently.

    JSON: as `redisched schedule show --json`.
    """
    given = {option: value for option, value in options.items() if value is not None}
    check_one_timetable(given)
    if not (given or words or pairs):
        raise click.UsageError("say what is to be changed, such as --every 2h; see: redisched schedule change --help")
    check_schedule_name("name", name)
    keywords = keywords_of(pairs)
    application = load_scheduler(target, imports) if target else None
    with session(place_of(application, url)) as opened:
        found = find_schedule(opened, name, queue)
        handler, maker = found.definition.task.handler, application or opened.scheduler
        if application is not None and target is not None:
            check_handler("NAME", handler, application, target)
        args, kwargs = arguments_of(maker, handler, words, keywords) if words or pairs else (None, None)
        given_now = Given(handler=handler, args=args, kwargs=kwargs, options=given)
        changed = _change(opened, maker, name, found.queue, given_now)
    if as_json:
        print_json(schedule_record(changed))
    else:
        click.echo(said_of(name, changed))


def _change(opened: Session, maker: Scheduler, name: str, queue: str, given: Given) -> ReadSchedule:
    """Change a schedule as the application makes it. The session sends it, because --url selects its Redis."""
    connection = opened.scheduler.connection
    connection.run(operations.change(maker, connection, name, queue, given), "change")
    return read_schedule(opened, find_schedule(opened, name, queue))
