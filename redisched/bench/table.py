"""Tables: drawn on a terminal, lines of tab-separated cells elsewhere."""

import sys
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table


def print_table(headings: Sequence[str], lines: Sequence[Sequence[str]], caption: str) -> None:
    """Print lines under their headings, and a caption below."""
    if not sys.stdout.isatty():
        for line in (headings, *lines):
            click.echo("\t".join(line))
        click.echo(caption)
        return
    table = Table(caption=caption)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left")
    for line in lines:
        table.add_row(*line)
    Console().print(table)
