"""Listings of tasks on the command line: a search goes on until it has found enough, and can be stopped with Ctrl-C."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import click

from redisched.cli.exit_codes import INTERRUPTED
from redisched.cli.refreshing import show_reading
from redisched.cli.session import Session
from redisched.cli.terminal import clear_status, show_status
from redisched.counted import counted
from redisched.filters.filter import Filter
from redisched.filters.reading import LARGEST_LIMIT, FilteredPage, read_page
from redisched.printable import shell_word
from redisched.records.without_secrets import without_secrets
from redisched.store.view import TaskView

LOOKS = 10_000
"""A reading that is repeated looks at about so many tasks: a filter has to read tasks one by one, without an index."""
_LOOKS_AT_A_TIME = 1_000
"""After about so many it is told how far a search is."""


class Listing:
    """The tasks that match a filter, at most `limit` of them, from a cursor on; from the beginning if it is None."""

    def __init__(self, opened: Session, wanted: Filter, cursor: str | None, limit: int) -> None:
        self._opened = opened
        self._wanted = wanted
        self._cursor = cursor
        self._limit = limit

    def show(self, show: Callable[[FilteredPage], None], is_watched: bool) -> None:
        """Search until there are enough, and show what was found; or show what the first LOOKS tasks have, again and
        again.

        Ctrl-C ends a search: what was found is shown, and the exit code says so. Raises ClickException if the filter
        names a queue that does not exist.
        """
        if is_watched:
            show_reading(lambda: self._of_first(LOOKS), show, is_watched)
            return
        check_queues(self._opened, self._wanted)
        found = FilteredPage([], self._cursor, 0)
        try:
            with _telling_progress() as told:
                for found in self._growing():
                    told(found)
        except KeyboardInterrupt:
            click.echo(f"Interrupted after a look at {counted(found.looked_at, 'task')}.", err=True)
            show(found)
            raise click.exceptions.Exit(INTERRUPTED) from None
        show(found)

    def _of_first(self, looks: int) -> FilteredPage:
        check_queues(self._opened, self._wanted)
        for found in self._growing():
            if found.looked_at >= looks:
                break
        return found

    def _growing(self) -> Iterator[FilteredPage]:
        """All that is found so far, after each read, until it is enough."""
        views: list[TaskView] = []
        looked_at, cursor = 0, self._cursor
        while True:
            part = min(self._limit - len(views), LARGEST_LIMIT)
            read = partial(read_page, self._opened.script_runner, self._wanted, cursor, part, _LOOKS_AT_A_TIME)
            page = self._opened.ask(read)
            views += map(without_secrets, page.views)
            looked_at += page.looked_at
            cursor = page.cursor
            yield FilteredPage([*views], cursor, looked_at, page.of_about)
            if cursor is None or len(views) >= self._limit:
                return


@contextmanager
def _telling_progress() -> Iterator[Callable[[FilteredPage], None]]:
    """What to tell how far a search is. On a terminal, a line on stderr says it."""
    has_told = False

    def tell(found: FilteredPage) -> None:
        nonlocal has_told
        if found.of_about is not None:
            has_told = True
            far = f"looked at {found.looked_at:,} of about {found.of_about:,}, found {len(found.views):,}"
            show_status(f"{far}; Ctrl-C stops")

    try:
        yield tell
    finally:
        if has_told:
            clear_status()


def check_queues(opened: Session, wanted: Filter) -> None:
    """Raises ClickException if a filter names a queue that does not exist."""
    for queue in sorted(wanted.queues or ()):
        opened.queues(queue)


def tell_of_more(page: FilteredPage) -> None:
    """Print to standard error how to get the next page, if there is one; standard output has only the listing."""
    if page.cursor is not None:
        click.echo(f"There may be more: repeat the command with --cursor {shell_word(page.cursor)}", err=True)
