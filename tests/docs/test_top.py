"""The page about the view in the terminal: its picture, its keys and its numbers are those of the program."""

import re

from redisched.cli.commands.top import LEAST_EVERY_S
from redisched.cli.top.columns import Column, Direction, R, fitting
from redisched.cli.top.dialogs import keys_text
from redisched.cli.top.help_text import help_text
from redisched.cli.top.keyspace import MOST_QUEUES, MOST_TASKS
from redisched.cli.top.overview_screen import OverviewScreen
from redisched.cli.top.queue_columns import QUEUE_COLUMNS
from redisched.cli.top.worker_columns import WORKER_COLUMNS
from redisched.client.worker_calls import MOST_WORKERS
from tests.house.checkout import ROOT

PAGE = (ROOT / "docs" / "operations" / "top.md").read_text(encoding="utf-8")
(PICTURE,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
COLUMNS = 80


def heading(columns: tuple[Column[R], ...]) -> str:
    """The line of headings, with a column left for the scroll bar."""
    shown = fitting(columns, COLUMNS - 1)
    marks = [Direction.RISING if at == 0 else None for at in range(len(shown))]
    return "".join(
        column.header(width, mark).plain for (column, width), mark in zip(shown, marks, strict=True)
    ).rstrip()


def test_the_picture_has_the_columns_of_a_small_terminal() -> None:
    lines = PICTURE.splitlines()

    assert heading(QUEUE_COLUMNS) in lines
    assert heading(WORKER_COLUMNS) in lines
    assert keys_text(OverviewScreen.KEYS).plain in lines
    assert max(map(len, lines)) <= COLUMNS


def test_every_key_of_the_help_is_on_the_page() -> None:
    for key in ("j", "k", "g", "G", "Tab", "Enter", "Esc", "/", "s", "p", "r", "?", "q", "Ctrl-C"):
        assert f"`{key}`" in PAGE
        assert key == "?" or key in help_text().plain


def test_the_numbers_are_those_of_the_program() -> None:
    assert f"the first {MOST_QUEUES} queues by name, up to {MOST_WORKERS:,} workers, and {MOST_TASKS} tasks" in PAGE
    assert f"at least `{LEAST_EVERY_S:g}s`" in PAGE
    assert f"The first {MOST_TASKS} of each" in PAGE
