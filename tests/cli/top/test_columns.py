"""Columns fit into every width, the most important first, and rows are sorted with unknown values last."""

import pytest
from rich.text import Text

from redisched.cli.top.columns import Column, Direction, cut, fitting, in_order
from redisched.cli.top.queue_columns import QUEUE_COLUMNS
from redisched.cli.top.task_columns import TASK_COLUMNS
from redisched.cli.top.told_columns import TOLD_COLUMNS
from redisched.cli.top.worker_columns import WORKER_COLUMNS

NAME: Column[str] = Column(heading="NAME", width=8, cell=Text, order=lambda row: row, grows=True)
LENGTH: Column[str] = Column(
    heading="LENGTH", width=7, cell=lambda row: Text(str(len(row))), order=len, rank=1, is_number=True
)
LAST: Column[str] = Column(heading="LAST", width=6, cell=lambda row: Text(row[-1:]), rank=2)


def widths(width: int) -> dict[str, int]:
    return {one.column.heading: one.width for one in fitting([NAME, LAST, LENGTH], width)}


def test_the_first_by_rank_are_shown_and_share_what_is_left() -> None:
    assert widths(5) == {"NAME": 5}
    assert widths(13) == {"NAME": 13}
    assert widths(14) == {"NAME": 8, "LAST": 6}
    assert widths(15) == {"NAME": 8, "LENGTH": 7}
    assert widths(21) == {"NAME": 8, "LAST": 6, "LENGTH": 7}
    assert widths(40) == {"NAME": 27, "LAST": 6, "LENGTH": 7}


@pytest.mark.parametrize("columns", [QUEUE_COLUMNS, WORKER_COLUMNS, TASK_COLUMNS, TOLD_COLUMNS])
@pytest.mark.parametrize("width", [1, 20, 79, 80, 120, 200, 400])
def test_no_table_is_wider_than_its_terminal(columns: tuple[Column[object], ...], width: int) -> None:
    assert sum(one.width for one in fitting(columns, width)) <= width


def test_at_80_columns_all_that_matters_of_a_queue_is_there() -> None:
    assert [one.column.heading for one in fitting(QUEUE_COLUMNS, 79)] == [
        *("QUEUE", "READY", "SCHED", "LEASED", "DEAD", "OLDEST", "WAIT P95", "RUN P95", "PER MIN"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "abc", "abcdefgh", "\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e", "\u05e9\u05dc\u05d5\u05dd\u05e9\u05dc\u05d5\u05dd"],
)
@pytest.mark.parametrize("width", [1, 2, 5, 8])
def test_a_cell_is_exactly_as_wide_as_its_column(text: str, width: int) -> None:
    assert NAME.drawn(text, width).cell_len == width
    assert LENGTH.header(width, Direction.FALLING).cell_len == width


def test_a_heading_says_by_what_rows_are_sorted() -> None:
    assert LENGTH.header(7, None).plain == " LENGTH"
    assert LENGTH.header(7, Direction.FALLING).plain == "\u25bcLENGTH"
    assert NAME.header(8, Direction.RISING).plain == "NAME\u25b2   "


def test_what_is_cut_off_is_an_ellipsis() -> None:
    assert cut(Text("abcdef"), 4).plain == "abc\u2026"
    assert cut(Text("abcd"), 4).plain == "abcd"
    assert cut(Text("\u65e5\u672c\u8a9e"), 4).plain == "\u65e5\u2026"
    assert cut(Text("abc"), 0).plain == ""


def test_rows_without_a_value_come_last_in_both_directions() -> None:
    values: dict[str, float | None] = {"a": 2.0, "b": None, "c": 1.0, "d": 2.0}
    assert in_order(list(values), values.get, Direction.RISING) == ["c", "a", "d", "b"]
    assert in_order(list(values), values.get, Direction.FALLING) == ["a", "d", "c", "b"]
    assert in_order(["b", "a"], str, Direction.RISING) == ["a", "b"]
