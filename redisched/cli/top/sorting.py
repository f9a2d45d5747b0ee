"""Chooses by which column a table is sorted."""

from typing import Any

from rich.text import Text
from textual.screen import Screen

from redisched.cli.top.columns import Column
from redisched.cli.top.dialogs import Choice
from redisched.cli.top.row_table import RowTable


async def ask_to_sort(screen: Screen[None], listing: RowTable[Any]) -> None:
    """Ask for a column, and sort by it; the one that is in use already turns the order round."""
    columns: list[Column[Any] | None] = [None, *listing.sortable]
    at = next((number for number, column in enumerate(columns) if column and listing.sorting(column)), 0)
    chosen = await screen.app.push_screen_wait(Choice("Sort by", [_words(listing, one) for one in columns], at))
    if chosen is not None:
        listing.sort_by(columns[chosen])


def _words(listing: RowTable[Any], column: Column[Any] | None) -> Text:
    if column is None:
        return Text("nothing: in the order of the listing")
    direction, name = listing.sorting(column), column.heading.strip()
    return Text(name if direction is None else f"{name} {direction.value} turn round")
