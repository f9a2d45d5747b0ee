"""Pages of a listing that merges the tasks of several queues in one order."""

from collections.abc import Iterable
from functools import partial

import click

from redisched.cli.session import Session
from redisched.printable import printable
from redisched.store.page import Page, Place, Query, merged


def page(opened: Session, queues: Iterable[str], query: Query, after: Place | None) -> Page:
    """Return the page of tasks that follows the place `after`; the first page if it is None."""
    pages = [opened.ask(partial(opened.inspector(queue).page, query, after)) for queue in queues]
    return merged(pages, query.limit)


def tell_of_more(page: Page) -> None:
    """Print to standard error how to get the next page, if there is one; standard output has only the listing."""
    if page.next is not None:
        click.echo(f"There may be more: repeat the command with --after {printable(str(page.next))}", err=True)
