"""Options and arguments that say what a schedule is, for the commands that add one or change one."""

from collections.abc import Mapping
from typing import Any

import click

from redisched.cli.arguments import value_of
from redisched.cli.parameters import moment, seconds
from redisched.cli.task_options import limit_options, max_attempts_option, priority_option
from redisched.client.scheduler import Scheduler
from redisched.records.schedule import ReadSchedule
from redisched.schedules.definition import Overlap
from redisched.store.schedule_values import ScheduleState
from redisched.times import relative_and_exact

_TIMETABLES = ("cron", "every", "at")
_GOES_WITH = {"tz": "cron", "anchor": "every"}
SCHEDULE_OPTIONS = (
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
    *limit_options,
    max_attempts_option,
)
"""When slots come, what becomes of them, and the options of their tasks: all but the queue."""


def check_timetable(given: Mapping[str, Any]) -> None:
    """Raises UsageError unless one option says when slots come."""
    check_one_timetable(given)
    if not any(name in given for name in _TIMETABLES):
        raise click.UsageError("say when its slots come, by one of --cron, --every and --at")
    for option, kind in _GOES_WITH.items():
        if option in given and kind not in given:
            raise click.UsageError(f"--{option} goes with --{kind} only")


def check_one_timetable(given: Mapping[str, Any]) -> None:
    """Raises UsageError if several options say when slots come."""
    kinds = [f"--{name}" for name in _TIMETABLES if name in given]
    if len(kinds) > 1:
        found = " and ".join(kinds)
        raise click.UsageError(f"say when its slots come, by one of --cron, --every and --at; there are {found}")


def arguments_of(
    maker: Scheduler, handler: str, words: tuple[str, ...], keywords: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as the handler's annotations say, as far as it is known: such as a path for a text."""
    values, signature = [value_of(word) for word in words], maker.signature_of(handler)
    if signature.conversion is None:
        return values, keywords
    signature.check(values, keywords)
    args, kwargs = signature.conversion.read_arguments(values, keywords)
    return list(args), dict(kwargs)


def said_of(name: str, schedule: ReadSchedule) -> str:
    """A line for a schedule that was added or changed."""
    return f"{name}: {schedule.definition.timing.words()}. {_next_text(schedule)}"


def _next_text(added: ReadSchedule) -> str:
    if added.found.stored.state is ScheduleState.OVER and added.next_ms is None:
        return "No slot is left: it never fires."
    if added.next_ms is None:
        return "It is paused."
    return f"Next {relative_and_exact(added.next_ms, added.found.now_ms)}."
