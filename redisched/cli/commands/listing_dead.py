"""`redisched dead ls | groups`: lists dead tasks, one by one or by what has killed them."""

from functools import partial
from typing import Any

import click

from redisched.cli.filtering import (
    CommandTakingFilters,
    error_filter,
    filter_argument,
    filter_of_options,
    name_filter,
    queue_filter,
    since_filter,
)
from redisched.cli.listing import LOOKS, Listing, check_queues, tell_of_more
from redisched.cli.parameters import F, cursor_option, json_option, limit_option, url_option, with_all
from redisched.cli.refreshing import print_reading, show_reading, watch_option
from redisched.cli.session import session
from redisched.cli.tables import print_table
from redisched.filters.conditions import StateIn
from redisched.filters.dead_groups import DeadGroups, read_dead_groups
from redisched.filters.filter import Filter
from redisched.filters.reading import FilteredPage
from redisched.model import TaskState
from redisched.printable import printable, shortened
from redisched.records.dead_groups import dead_groups_record
from redisched.records.task import attempts_of, task_record
from redisched.store.view import TaskView
from redisched.times import relative

_ERROR_CHARACTERS = 80
_OPTIONS = (filter_argument, queue_filter, name_filter, error_filter, since_filter)


def _filter_options(command: F) -> F:
    return with_all(_OPTIONS, command)


@click.command("ls", cls=CommandTakingFilters)
@_filter_options
@cursor_option
@limit_option
@watch_option
@url_option
@json_option
def list_dead(cursor: str | None, limit: int, is_watched: bool, url: str | None, as_json: bool, **given: Any) -> None:
    """List dead tasks that match a filter, the latest first.

    Each with the reason and the last error.

    As `redisched task ls`, it searches until it has found enough; with Ctrl-C it stops and prints what was found.

    JSON: a list of records as `redisched task show --json` prints one; with --watch, one such list on a line for each
    reading.
    """
    wanted = _dead(given)

    def show(page: FilteredPage) -> None:
        if as_json:
            print_reading([task_record(view) for view in page.views], is_watched)
        elif page.views:
            rows = [_row(view) for view in page.views]
            print_table(("ID", "QUEUE", "NAME", "DIED", "ATTEMPTS", "REASON", "ERROR"), rows, cut="ERROR")
        else:
            click.echo("None found so far." if page.cursor else _nothing(wanted))
        tell_of_more(page)

    with session(url) as opened:
        Listing(opened, wanted, cursor, limit).show(show, is_watched)


@click.command("groups", cls=CommandTakingFilters)
@_filter_options
@click.option(
    "--last",
    "looks",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    default=LOOKS,
    show_default=True,
    help="Look at about this number of tasks, those that died last.",
)
@watch_option
@url_option
@json_option
def list_dead_groups(looks: int, is_watched: bool, url: str | None, as_json: bool, **given: Any) -> None:
    """List what has killed tasks, by handler and error.

    The largest group comes first. Numbers and ids in errors are left out. The name of a group is a filter:
    redisched dead retry group:NAME

    JSON: groups (a list of group, name, error, count, reasons, queues, newest_id, newest_ms, oldest_ms), looked_at (how
    many tasks), is_complete (false if there are dead tasks that were not looked at), of_about (how many are dead then,
    about), next (where the others begin), now_ms. Times are the server's, in
    milliseconds since 1970. With --watch, one such record on a line for each reading.
    """
    wanted = _dead(given)

    def show(found: DeadGroups) -> None:
        if as_json:
            print_reading(dead_groups_record(found), is_watched)
        elif found.groups:
            _print_groups(found)
        else:
            click.echo(_nothing(wanted) if found.is_complete else "None found so far.")
        if not found.is_complete:
            told = f"Only the {found.looked_at:,} tasks that died last were looked at; for more add --last NUMBER"
            click.echo(told, err=True)

    with session(url) as opened:
        check_queues(opened, wanted)
        read = partial(read_dead_groups, opened.script_runner, wanted, looks)
        show_reading(lambda: opened.ask(read), show, is_watched)


def _dead(given: dict[str, Any]) -> Filter:
    return filter_of_options(**given).also(StateIn(frozenset({TaskState.DEAD})))


def _nothing(wanted: Filter) -> str:
    return (
        "No such task is dead."
        if len(wanted.conditions) > 1
        else "No task is dead. See pending tasks: redisched task ls"
    )


def _row(view: TaskView) -> tuple[object, ...]:
    died = None if view.died_ms is None else relative(view.died_ms, view.now_ms)
    reason, error = (view.failure.reason, printable(view.failure.error)) if view.failure else ("", "")
    return view.id, view.queue, view.name, died, attempts_of(view), reason, shortened(error, _ERROR_CHARACTERS)


def _print_groups(found: DeadGroups) -> None:
    rows = [
        (
            one.group,
            one.count,
            one.name,
            relative(one.newest_ms, found.now_ms),
            ", ".join(one.queues),
            printable(one.error),
        )
        for one in found.groups
    ]
    print_table(("GROUP", "TASKS", "NAME", "LAST DIED", "QUEUES", "ERROR"), rows, cut="ERROR")
    click.echo(f"Let those of a group run again: redisched dead retry group:{found.groups[0].group}", err=True)
