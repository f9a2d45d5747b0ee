"""`redisched schedule add`: adds a schedule of a handler, which needs no code that declares it."""

from collections.abc import Mapping
from typing import Any

import click

from redisched.cli.arguments import CommandTakingNumbers, keywords_of, value_of
from redisched.cli.deployment import import_option
from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, moment, seconds, url_option, with_all
from redisched.cli.producing import app_option, application_with, place_of, why_none_starts
from redisched.cli.schedule_reading import find_schedule, read_schedule
from redisched.cli.session import Session, session
from redisched.cli.task_options import (
    kwarg_option,
    limit_options,
    max_attempts_option,
    priority_option,
    queue_of_handler_option,
    words_argument,
)
from redisched.client import schedule_operations as operations
from redisched.client.scheduler import Scheduler
from redisched.client.scheduling import Given, define
from redisched.embedded import join
from redisched.option_checks import check_name
from redisched.records.schedule import ReadSchedule, schedule_record
from redisched.schedules.definition import Overlap, check_schedule_name
from redisched.store.schedule_values import ScheduleState
from redisched.times import relative_and_exact

_TIMETABLES = ("cron", "every", "at")
_GOES_WITH = {"tz": "cron", "anchor": "every"}
_OPTIONS = (
    click.option("--cron", metavar="EXPRESSION", help='A cron expression, such as "0 3 * * *", or @daily.'),
    click.option("--tz", metavar="ZONE", help="With --cron: the time zone, such as Europe/Berlin. Default: UTC."),
    click.option("--every", type=seconds, metavar="DURATION", help="The time from slot to slot: 90s, 5m, 2h, 1d."),
    click.option(
        "--anchor",
        type=moment,
        metavar="MOMENT",
        help="With --every: the time from which slots are counted. Default: the beginning of 1970 in UTC.",
    ),
    click.option("--at", type=moment, metavar="MOMENT", help="The only slot: 2030-01-31T09:00:00Z."),
    click.option("--start", type=moment, metavar="MOMENT", help="No slot is before this time."),
    click.option("--end", type=moment, metavar="MOMENT", help="No slot is after this time."),
    click.option(
        "--jitter", type=seconds, metavar="DURATION", help="Each task runs at most this much later, spread evenly."
    ),
    click.option(
        "--misfire",
        metavar="POLICY",
        help="Which slots are fired that nobody fired in time: skip, latest (the default), all or all(max=100).",
    ),
    click.option(
        "--overlap",
        type=click.Choice([overlap.value for overlap in Overlap]),
        help="What a slot does while the task of the slot before has not ended. Default: allow.",
    ),
    priority_option,
    queue_of_handler_option,
    *limit_options,
    max_attempts_option,
)


def _schedule_options(command: F) -> F:
    return with_all(_OPTIONS, command)


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
    _check_timetable(given)
    check_schedule_name("name", name)
    keywords = keywords_of(pairs)
    application = application_with("HANDLER", check_name("handler", handler), target, imports)
    with session(place_of(application, url), join) as opened:
        maker = application or opened.scheduler
        args, kwargs = _arguments(maker, handler, words, keywords)
        added = _add(opened, maker, name, Given(handler=handler, args=args, kwargs=kwargs, options=given))
        is_over = added.found.stored.state is ScheduleState.OVER
        warning = "" if is_over else why_none_starts(opened, added.found.queue, target, options["queue"])
    if as_json:
        print_json(schedule_record(added))
    else:
        click.echo(f"{name}: {added.definition.timing.words()}. {_next_text(added)}")
    if warning:
        click.echo(f"Warning: {warning}", err=True)


def _add(opened: Session, maker: Scheduler, name: str, given: Given) -> ReadSchedule:
    """Add a schedule that the application makes. The session sends it, because --url selects its Redis."""
    queue, definition = define(maker, given)
    connection = opened.scheduler.connection
    connection.run(operations.add(connection, name, queue, definition), "add")
    return read_schedule(opened, find_schedule(opened, name, queue))


def _check_timetable(given: Mapping[str, Any]) -> None:
    """Raises UsageError unless one option says when slots come."""
    kinds = [f"--{name}" for name in _TIMETABLES if name in given]
    if len(kinds) != 1:
        found = f"; there are {' and '.join(kinds)}" if kinds else ""
        raise click.UsageError(f"say when its slots come, by one of --cron, --every and --at{found}")
    for option, kind in _GOES_WITH.items():
        if option in given and kind not in given:
            raise click.UsageError(f"--{option} goes with --{kind} only")


def _arguments(
    maker: Scheduler, handler: str, words: tuple[str, ...], keywords: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as the handler's annotations say, as far as it is known: such as a path for a text."""
    values, signature = [value_of(word) for word in words], maker.signature_of(handler)
    if signature.conversion is None:
        return values, keywords
    signature.check(values, keywords)
    args, kwargs = signature.conversion.read_arguments(values, keywords)
    return list(args), dict(kwargs)


def _next_text(added: ReadSchedule) -> str:
    if added.found.stored.state is ScheduleState.OVER and added.next_ms is None:
        return "No slot is left: it never fires."
    if added.next_ms is None:
        return "It is paused."
    return f"Next {relative_and_exact(added.next_ms, added.found.now_ms)}."
