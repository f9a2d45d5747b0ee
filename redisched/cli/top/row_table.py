"""A table whose rows come anew every few seconds: its order, the row under the cursor and its place stay."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Generic

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import DataTable

from redisched.cli.top.columns import Column, Direction, FittedColumn, R, fitting, in_order


class RowTable(DataTable[Text], Generic[R]):
    """Shows those columns that fit, so that there is never anything to the right. `key` names a row for good. The rows
    are sorted by the column with the heading `sorted_by`, and stay as they are given without one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g,home", "scroll_top", "First", show=False),
        Binding("G,end", "scroll_bottom", "Last", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row, or its row has changed."""

    def __init__(self, columns: Sequence[Column[R]], key: Callable[[R], str], *, id: str, sorted_by: str = "") -> None:
        super().__init__(cursor_type="row", cell_padding=0, show_row_labels=False, id=id)
        self._all_columns = columns
        self._key_of = key
        self._given: Sequence[R] = ()
        self._lines: list[R] = []
        self._drawn: list[list[Text]] = []
        self._fitted: list[FittedColumn[R]] = []
        self._sorted_by = next((one for one in columns if one.heading == sorted_by), None)
        self._direction = self._sorted_by.begins if self._sorted_by is not None else Direction.RISING

    @property
    def selected(self) -> R | None:
        """The row under the cursor, None if there is no row."""
        return self._lines[self.cursor_row] if 0 <= self.cursor_row < len(self._lines) else None

    @property
    def lines(self) -> Sequence[R]:
        """The rows as they are shown, in their order."""
        return self._lines

    @property
    def sortable(self) -> list[Column[R]]:
        """The columns by which rows can be sorted: those that are shown come first."""
        shown = [one.column.heading for one in self._fitted]
        found = [column for column in self._all_columns if column.order is not None]
        return sorted(found, key=lambda column: column.heading not in shown)

    def sorting(self, column: Column[R]) -> Direction | None:
        """In which direction the rows are sorted by a column; None if they are not."""
        return self._direction if column is self._sorted_by else None

    def sort_by(self, column: Column[R] | None) -> None:
        """Sort the rows by a column; if they are already, the other way round. None: as they are given. The
        cursor goes to the first.
        """
        if column is not None and column is self._sorted_by:
            self._direction = self._direction.other
        else:
            self._sorted_by = column
            self._direction = Direction.RISING if column is None else column.begins
        self.show(self._given)
        self.move_cursor(row=0, animate=False)

    def show(self, lines: Sequence[R]) -> None:
        """Show these rows in place of those before. The cursor stays on its row, wherever that is now."""
        before = self.selected
        at = self.cursor_row
        self._given = lines
        order = self._sorted_by.order if self._sorted_by is not None else None
        self._lines = list(lines) if order is None else in_order(lines, order, self._direction)
        self._draw()
        if before is not None and self._lines:
            keys = [self._key_of(line) for line in self._lines]
            key = self._key_of(before)
            found = keys.index(key) if key in keys else min(at, len(keys) - 1)
            if found != self.cursor_row:
                self.move_cursor(row=found, animate=False)
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        self._draw()

    def on_data_table_row_highlighted(self) -> None:
        self.post_message(self.Moved())

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        fitted = fitting(self._all_columns, width)
        if fitted != self._fitted:
            at = self.cursor_row
            self.clear(columns=True)
            self._fitted, self._drawn = fitted, []
            for column, columns in fitted:
                self.add_column(self._header(column, columns), width=columns, key=column.heading)
            self._draw_rows()
            self.move_cursor(row=at, animate=False)
        else:
            self._draw_headers()
            self._draw_rows()

    def _header(self, column: Column[R], columns: int) -> Text:
        return column.header(columns, self.sorting(column))

    def _draw_headers(self) -> None:
        for (column, columns), shown in zip(self._fitted, self.ordered_columns, strict=True):
            header = self._header(column, columns)
            if shown.label != header:
                shown.label = header
                self._update_count += 1
                self.refresh()

    def _draw_rows(self) -> None:
        cells = [[column.drawn(line, columns) for column, columns in self._fitted] for line in self._lines]
        for row, (new, old) in enumerate(zip(cells, self._drawn, strict=False)):
            for at, (cell, before) in enumerate(zip(new, old, strict=True)):
                if cell != before:
                    self.update_cell_at(Coordinate(row, at), cell)
        for new in cells[len(self._drawn) :]:
            self.add_row(*new)
        for _ in self._drawn[len(cells) :]:
            self.remove_row(self.ordered_rows[-1].key)
        self._drawn = cells
