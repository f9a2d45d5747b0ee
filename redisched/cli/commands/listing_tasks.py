"""`redisched task ls`: lists tasks that match a filter."""

from collections.abc import Sequence

import click

from redisched.cli.filtering import (
    CommandTakingFilters,
    error_filter,
    filter_argument,
    filter_of_options,
    name_filter,
    queue_filter,
    since_filter,
    state_filter,
)
from redisched.cli.listing import Listing, tell_of_more
from redisched.cli.parameters import cursor_option, json_option, limit_option, url_option
from redisched.cli.refreshing import print_reading, watch_option
from redisched.cli.session import session
from redisched.cli.tables import print_table
from redisched.cli.task_text import call_of
from redisched.filters.conditions import Condition, StateIn
from redisched.filters.filter import Filter
from redisched.filters.reading import FilteredPage
from redisched.model import TaskState
from redisched.printable import shortened
from redisched.records.task import attempts_of, task_record
from redisched.store.view import PENDING, TaskView
from redisched.times import duration, relative

_HEADINGS = ("ID", "QUEUE", "STATE", "NAME", "PRIORITY", "RUN AT", "ATTEMPTS", "ARGUMENTS")
_HEADINGS_OF_LEASED = ("ID", "QUEUE", "STATE", "NAME", "WORKER", "RUNNING FOR", "ATTEMPTS", "ARGUMENTS")
_LEASED = frozenset({TaskState.LEASED, TaskState.RUNNING})
_ARGUMENT_CHARACTERS = 60


@click.command("ls", cls=CommandTakingFilters)
@filter_argument
@state_filter
@queue_filter
@name_filter
@error_filter
@since_filter
@cursor_option
@limit_option
@watch_option
@url_option
@json_option
def list_tasks(
    words: tuple[str, ...],
    states: tuple[str, ...],
    queue: str | None,
    name: str | None,
    error: str | None,
    since: Condition | None,
    cursor: str | None,
    limit: int,
    is_watched: bool,
    url: str | None,
    as_json: bool,
) -> None:
    """List tasks that match a filter, in the order they run in.

    A filter is such as: state:dead 'name:send_*' error:Timeout; see docs/guides/filters.md. Without one, or with one of
    queues, handlers and priorities alone, these are the tasks that wait; state:any is all.

    It searches until it has as many as --limit says. Ctrl-C prints what was found. If there may be more, a last line on
    stderr says how to continue. A reading of --watch looks at about 10,000 tasks.

    JSON: a list of records as `redisched task show --json` prints one, without progress and log; with --watch, one such
    list on a line for each reading.
    """
    given = filter_of_options(words, queue, name, states, error, since)
    wanted = given.also(StateIn(frozenset(PENDING))) if given.is_open else given

    def show(page: FilteredPage) -> None:
        if as_json:
            print_reading([task_record(view) for view in page.views], is_watched)
        elif page.views:
            _print(wanted, page.views)
        else:
            click.echo(_nothing(given, page))
        tell_of_more(page)

    with session(url) as opened:
        Listing(opened, wanted, cursor, limit).show(show, is_watched)


def _print(wanted: Filter, views: Sequence[TaskView]) -> None:
    if wanted.states <= _LEASED:
        print_table(_HEADINGS_OF_LEASED, [_row_of_leased(view) for view in views], cut="ARGUMENTS")
    else:
        print_table(_HEADINGS, [_row(view) for view in views], cut="ARGUMENTS")


def _nothing(given: Filter, page: FilteredPage) -> str:
    if page.cursor is not None:
        return "None found so far."
    if not given.conditions:
        return "No task is pending. Enqueue one: redisched enqueue NAME ARGUMENTS..."
    if given.is_open:
        return "No such task is pending. To look among all tasks, add state:any"
    return "No such task. See pending tasks: redisched task ls"


def _row(view: TaskView) -> tuple[object, ...]:
    run_at = None if view.run_at_ms is None else relative(view.run_at_ms, view.now_ms)
    return (view.id, view.queue, view.state, view.name, view.priority, run_at, attempts_of(view), _arguments(view))


def _row_of_leased(view: TaskView) -> tuple[object, ...]:
    running_for = duration(max(0, view.now_ms - view.started_ms)) if view.started_ms else None
    return (view.id, view.queue, view.state, view.name, view.worker, running_for, attempts_of(view), _arguments(view))


def _arguments(view: TaskView) -> str | None:
    return None if view.body is None else shortened(call_of(view.body), _ARGUMENT_CHARACTERS)
