"""Pages of a listing on the command line, and how the next page is asked for."""

from functools import partial

import click

from redisched.cli.session import Session
from redisched.filters.filter import Filter
from redisched.filters.reading import LARGEST_LIMIT, FilteredPage, read_page
from redisched.printable import printable
from redisched.store.view import TaskView

LOOKS = 10_000
"""One command looks at about so many tasks. A filter has to read tasks one by one, as it has no index."""


def list_page(opened: Session, wanted: Filter, cursor: str | None, limit: int) -> FilteredPage:
    """The page of at most `limit` tasks that follows a cursor; the first page if it is None.

    Raises ClickException if the filter names a queue that does not exist.
    """
    check_queues(opened, wanted)
    views: list[TaskView] = []
    looked_at = 0
    while True:
        part = min(limit - len(views), LARGEST_LIMIT)
        page = opened.ask(partial(read_page, opened.script_runner, wanted, cursor, part, LOOKS - looked_at))
        views += page.views
        looked_at += page.looked_at
        cursor = page.cursor
        if cursor is None or len(views) >= limit or looked_at >= LOOKS:
            return FilteredPage(views, cursor, looked_at)


def check_queues(opened: Session, wanted: Filter) -> None:
    """Raises ClickException if a filter names a queue that does not exist."""
    for queue in sorted(wanted.queues or ()):
        opened.queues(queue)


def tell_of_more(page: FilteredPage) -> None:
    """Print to standard error how to get the next page, if there is one; standard output has only the listing."""
    if page.cursor is not None:
        click.echo(f"There may be more: repeat the command with --cursor {printable(page.cursor)}", err=True)
