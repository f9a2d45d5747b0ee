"""Log lines: no text can forge or break one, and each names its task."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from redisched.context import TaskContext, running
from redisched.engine.log_formats import MOST_CHARACTERS, JsonFormatter, TextFormatter
from redisched.engine.log_records import concerning, name_tasks_in_records

CONTEXT = TaskContext(
    id="task-1", name="shop.add", queue="default", attempt=2, max_attempts=5,
    fence=1, priority=5, run_at_ms=0, worker="w",
)  # fmt: skip
HOSTILE = "no\n2026-11-28 06:57:02,286 ERROR forged 1: line\r\x1b[31m\u202e\x00"


class Task:
    def task_context(self) -> TaskContext:
        return CONTEXT


class Unshowable:
    def __str__(self) -> str:
        raise RuntimeError("never")

    __repr__ = __str__


@pytest.fixture(autouse=True)
def records_name_tasks() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    name_tasks_in_records()
    yield
    logging.setLogRecordFactory(before)


def record(message: Any = "hello", *arguments: Any, name: str = "shop", **extra: Any) -> logging.LogRecord:
    return logging.getLogger(name).makeRecord(name, logging.INFO, __file__, 1, message, arguments, None, extra=extra)


def raised() -> logging.LogRecord:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        made = record("failed")
        made.exc_info = sys.exc_info()
        return made


def test_a_line_of_text_names_the_running_task() -> None:
    with concerning(Task()):
        inside, own = record("charging"), record("task shop.add", name="redisched.task")
    outside = record("charging")

    assert TextFormatter().format(inside).endswith(" [shop.add task-1 attempt 2]: charging")
    assert "[" not in TextFormatter().format(own)
    assert "[" not in TextFormatter().format(outside)
    assert running.get() is None


def test_no_message_forges_a_line_or_moves_the_cursor() -> None:
    first, *others = TextFormatter().format(record("%s", HOSTILE)).split("\n")

    assert first.endswith(": no")
    assert all(line.startswith("    ") for line in others)
    assert not {"\r", "\x1b", "\u202e", "\x00"} & set("".join(others))


def test_no_traceback_forges_a_line() -> None:
    _, *others = TextFormatter().format(raised()).split("\n")

    assert others[0] == "    Traceback (most recent call last):"
    assert all(line.startswith("    ") for line in others)


def test_json_is_one_object_a_line_with_the_exception_inside() -> None:
    with concerning(Task()):
        made = raised()
    line = JsonFormatter().format(made)

    told = json.loads(line)
    assert "\n" not in line
    assert line.isascii()
    assert (told["task"], told["id"], told["attempt"]) == ("shop.add", "task-1", 2)
    assert (told["level"], told["logger"], told["message"]) == ("INFO", "shop", "failed")
    assert told["exception"].startswith("Traceback")
    assert "forged" in told["exception"]
    assert told["time"].endswith("+00:00")


def test_json_contains_extras_of_every_type() -> None:
    circle: list[Any] = []
    circle.append(circle)
    extras: dict[str, Any] = {
        "order": 5, "customer": object(), "nan": float("nan"), "raw": b"\xff", "circle": circle, "keys": {(1, 2): 3},
        "unshowable": Unshowable(), "deep": {"unshowable": [Unshowable()]}, "task_id": "mine", "sets": {1, "a"},
    }  # fmt: skip

    told = json.loads(JsonFormatter().format(record("%s", "hello", **extras)))

    assert told.keys() >= extras.keys()
    assert (told["order"], told["task_id"], told["message"]) == (5, "mine", "hello")


def test_extras_never_replace_the_fields_of_the_record() -> None:
    with concerning(Task()):
        made = record("hello", id="other", task="other", level="other")

    told = json.loads(JsonFormatter().format(made))
    assert (told["id"], told["task"], told["level"]) == ("task-1", "shop.add", "INFO")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_an_error_that_quotes_megabytes_is_cut(formatter: logging.Formatter) -> None:
    made = record("failed")
    made.exc_info = (ValueError, ValueError("x" * 10_000_000), None)

    assert MOST_CHARACTERS < len(formatter.format(made)) < 2 * MOST_CHARACTERS


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
@pytest.mark.parametrize(
    ("message", "arguments"), [("%d", ("x",)), ("%s %s", ("x",)), ("%s", (Unshowable(),)), (Unshowable(), ())]
)
def test_a_message_that_cannot_be_formatted_is_still_logged(
    formatter: logging.Formatter, message: Any, arguments: tuple[Any, ...]
) -> None:
    assert "cannot be formatted" in formatter.format(record(message, *arguments))


def test_a_custom_format_can_name_the_task() -> None:
    own = logging.Formatter("%(redisched_task)s|%(redisched_id)s|%(redisched_attempt)d|%(message)s")
    with concerning(Task()):
        inside = record("charging")

    assert own.format(inside) == "shop.add|task-1|2|charging"
    assert own.format(record("starting")) == "||0|starting"


def test_the_record_factory_is_wrapped_once_and_keeps_what_another_factory_adds() -> None:
    ours = logging.getLogRecordFactory()
    name_tasks_in_records()
    assert logging.getLogRecordFactory() is ours

    def theirs(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        made = logging.LogRecord(*arguments, **keywords)
        made.tenant = "acme"
        return made

    logging.setLogRecordFactory(theirs)
    name_tasks_in_records()
    assert record().__dict__["tenant"] == "acme"
