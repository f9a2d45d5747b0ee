"""Listings and facts: tables on a terminal, plain tab-separated lines elsewhere. No text gets out unescaped."""

import sys
from collections.abc import Sequence

import click

from redisched.cli.printable import printable

_NOTHING = "-"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under headings; an empty cell is a dash."""
    cells = [[_cell(value) for value in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich_table(headings, cells)
        return
    for line in ([heading.lower() for heading in headings], *cells):
        click.echo("\t".join(line))


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print names and values, one a line; what has no value is left out."""
    told = [(name, _cell(value)) for name, value in facts if value not in (None, "")]
    width = max(len(name) for name, _ in told)
    for name, value in told:
        click.echo(f"{name:<{width}}  {value}")


def _cell(value: object) -> str:
    return _NOTHING if value in (None, "") else printable(str(value))


def _print_rich_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    # Only here, as scripts that read plain lines need not pay for it.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for index, heading in enumerate(headings):
        # The first column names the row, for copying.
        numbers = all(row[index] == _NOTHING or row[index].isdigit() for row in rows)
        table.add_column(heading, justify="right" if numbers else "left", overflow="ellipsis", no_wrap=index == 0)
    for row in rows:
        # Text, and not str: brackets in it are no markup.
        table.add_row(*map(Text, row))
    Console(highlight=False).print(table)
