"""The columns of a table: what each shows of a row, by what rows are sorted, and which of them fit into a terminal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from rich.text import Text

from redisched.cli.top.texts import isolated

R = TypeVar("R")
Order: TypeAlias = float | str | None
"""By what a row is sorted. Rows with None come last, whatever the direction."""
_GAP = 1
_CUT = "\u2026"


class Direction(Enum):
    """Which rows come first."""

    RISING = "\u25b2"
    FALLING = "\u25bc"

    @property
    def other(self) -> "Direction":
        return Direction.FALLING if self is Direction.RISING else Direction.RISING


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Generic[R]):
    """One column. `width` is what it needs at least, in columns of the terminal, with the gap to its neighbour. Those
    with the lowest `rank` come first into a narrow terminal, and those that `grows` share what is left.
    """

    heading: str
    width: int
    cell: Callable[[R], Text]
    order: Callable[[R], Order] | None = None
    begins: Direction = Direction.FALLING
    rank: int = 0
    is_number: bool = False
    grows: bool = False

    def header(self, width: int, direction: Direction | None) -> Text:
        """The heading, with a mark if the rows are sorted by it."""
        arrow = "" if direction is None else direction.value
        words = Text(arrow + self.heading if self.is_number else self.heading + arrow)
        return self._placed(words, width)

    def drawn(self, row: R, width: int) -> Text:
        """The cell of a row, exactly as wide as the column."""
        return self._placed(self.cell(row), width)

    def _placed(self, words: Text, width: int) -> Text:
        # A sort mark may stand in the gap before a number.
        room = width - _GAP
        words = cut(words, width if self.is_number and words.cell_len == width else room)
        padding = " " * max(0, (width if self.is_number else room) - words.cell_len)
        kept = Text(isolated(words.plain), spans=words.spans, style=words.style, end="", no_wrap=True)
        if kept.plain != words.plain:
            # Spans count characters, and one more stands before them now.
            kept.spans = [span.move(1) for span in words.spans]
        # Its style becomes that of a part: two texts are only then alike for Rich if their styles are, too.
        before, after = (padding, "") if self.is_number else ("", padding + " " * _GAP)
        return Text(before, end="", no_wrap=True).append_text(kept).append(after)


class FittedColumn(NamedTuple, Generic[R]):
    """A column that is shown, and how wide."""

    column: Column[R]
    width: int


def cut(words: Text, width: int) -> Text:
    """The words in at most so many columns of the terminal; what is cut off is an ellipsis."""
    if words.cell_len <= width:
        return words
    short = words.copy()
    short.truncate(max(0, width - 1))
    short.rstrip()
    return short.append(_CUT) if width > 0 else short


def fitting(columns: Sequence[Column[R]], width: int) -> list[FittedColumn[R]]:
    """Those of the columns that fit beside each other, in their order; the first by rank is always there."""
    chosen: list[Column[R]] = []
    left = width
    for column in sorted(columns, key=lambda one: one.rank):
        if column.width <= left or not chosen:
            chosen.append(column)
            left -= column.width
    growing = [column.heading for column in chosen if column.grows]
    shares = dict.fromkeys(growing, 0)
    if left > 0 and growing:
        shares = {heading: left // len(growing) for heading in growing}
        shares[growing[0]] += left % len(growing)
    kept = {column.heading for column in chosen}
    return [
        FittedColumn(column, max(1, min(width, column.width + shares.get(column.heading, 0))))
        for column in columns
        if column.heading in kept
    ]


def in_order(rows: Sequence[R], order: Callable[[R], Order], direction: Direction) -> list[R]:
    """The rows as they are sorted; those that are alike stay as they were."""
    known = [row for row in rows if order(row) is not None]
    unknown = [row for row in rows if order(row) is None]
    return sorted(known, key=lambda row: _key(order(row)), reverse=direction is Direction.FALLING) + unknown


def _key(value: Order) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value or 0.0, "")
