"""Prints tables: drawn with lines on a terminal, as tab-separated cells elsewhere."""

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
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", caption=caption, caption_justify="left")
    for index, heading in enumerate(headings):
        table.add_column(heading, justify="right" if index else "left", no_wrap=index > 0)
    for line in lines:
        table.add_row(*line)
    Console().print(table)
