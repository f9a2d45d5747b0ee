"""Prints listings: as tables on a terminal, else as tab-separated lines. Control characters are escaped."""

import shutil
import sys
import unicodedata
from collections.abc import Sequence

import click

from redisched.cli.terminal import can_erase
from redisched.printable import printable

_NOTHING = "-"
_GAP = "  "
_LEAST_COLUMNS = 12
"""A shortened text keeps at least so many columns, even if the line is then wider than the terminal and wraps."""


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]], cut: str = "") -> None:
    """Print rows under headings; an empty cell is a dash.

    On a terminal the cells under the heading `cut` are shortened so that lines fit its width. Other cells are never
    shortened, because users copy ids and names from them.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in ([heading.lower() for heading in headings], *cells):
            click.echo("\t".join(line))
        return
    if cut:
        _shorten(headings, cells, headings.index(cut), shutil.get_terminal_size().columns)
    widths = [max(map(_columns, column)) for column in zip(headings, *cells, strict=True)]
    numbers = [all(cell == _NOTHING or cell.isdigit() for cell in column) for column in zip(*cells, strict=True)]
    heading = _line(headings, widths, numbers or [False] * len(headings))
    click.echo(click.style(heading, bold=True) if can_erase(sys.stdout) else heading)
    for row in cells:
        click.echo(_line(row, widths, numbers))


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Print one name and value per line; names without a value are left out."""
    told = [(name, _cell(value)) for name, value in facts if value not in (None, "")]
    width = max(len(name) for name, _ in told)
    for name, value in told:
        click.echo(f"{name:<{width}}  {value}")


def _cell(value: object) -> str:
    return _NOTHING if value in (None, "") else printable(str(value))


def _line(row: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    """Return one line of a table: numbers are aligned to the right, other cells to the left."""
    cells = []
    for cell, width, is_number in zip(row, widths, numbers, strict=True):
        padding = " " * (width - _columns(cell))
        cells.append(padding + cell if is_number else cell + padding)
    return _GAP.join(cells).rstrip()


def _shorten(headings: Sequence[str], cells: Sequence[list[str]], at: int, terminal_columns: int) -> None:
    """Shorten the cells of column `at` to the width that the other columns leave on the terminal."""
    widths = [max(map(_columns, column)) for column in zip(headings, *cells, strict=True)]
    others = sum(widths) - widths[at] + len(_GAP) * (len(widths) - 1)
    room = max(_LEAST_COLUMNS, terminal_columns - others)
    for row in cells:
        if _columns(row[at]) > room:
            row[at] = _start(row[at], room - 1) + "…"


def _start(text: str, columns: int) -> str:
    """Return the longest start of a text that fits into `columns` terminal columns."""
    taken = 0
    for index, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return text[:index]
    return text


def _columns(text: str) -> int:
    """Return the terminal columns of a printable text: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
