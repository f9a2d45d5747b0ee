"""How far a handler has come: what is refused, how it is stored, and for how long it will go on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.context import TaskContext
from redisched.errors import InvalidOption
from redisched.progress import (
    LINE_CHARACTERS,
    NOTE_CHARACTERS,
    LogLine,
    Progress,
    decode_lines,
    decode_progress,
    encode_lines,
    encode_progress,
)

CONTEXT = TaskContext(
    id="a", name="f", queue="q", attempt=1, max_attempts=1, fence=1, priority=5, run_at_ms=0, worker="w"
)


@pytest.mark.parametrize(
    ("done", "total", "note", "said"),
    [
        (0, 0, "", "^total=0: a number above 0"),
        (0, -1, "", "^total=-1: "),
        (0, float("nan"), "", "^total=nan: "),
        (0, float("inf"), "", "^total=inf: "),
        (0, 2**53 + 1, "", "^total="),
        (0, None, "", "^total=None: "),
        (0, True, "", "^total=True: "),
        (-1, 10, "", "^done=-1: a number from 0 to 10, which is the total"),
        (11, 10, "", "^done=11: "),
        (float("nan"), 10, "", "^done=nan: "),
        ("1", 10, "", "^done='1': "),
        (1, 10, b"note", "^note=b'note': a text"),
        (1, 10, None, "^note=None: a text"),
    ],
)
def test_what_is_no_progress_is_refused_at_the_call(done: float, total: float, note: str, said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        CONTEXT.progress(done, total, note)


@pytest.mark.parametrize("text", [None, 7, b"bytes", ["line"]])
def test_only_a_text_is_logged(text: str) -> None:
    with pytest.raises(InvalidOption, match=r"^text=.*: a text, such as f-strings make"):
        CONTEXT.log(text)


def test_outside_of_a_worker_nobody_is_told() -> None:
    CONTEXT.progress(1, 2, "half")
    CONTEXT.progress(0.5, 0.75)
    CONTEXT.log("half")


@given(done=st.floats(0, 1e9) | st.integers(0, 10**9), note=st.text(max_size=NOTE_CHARACTERS))
def test_a_progress_comes_back_as_it_was(done: float, note: str) -> None:
    told = Progress(done=done, total=10**9, note=note, attempt=3, at_ms=99, began_done=0.5, began_ms=7)

    assert decode_progress(encode_progress(told)) == told


@given(st.binary(max_size=60))
def test_bytes_of_another_program_are_no_progress(stored: bytes) -> None:
    found = decode_progress(stored)

    assert found is None or 0 <= found.fraction <= 1


@given(st.text())
def test_each_line_of_a_text_is_a_line_of_the_log(text: str) -> None:
    lines = list(decode_lines(b"".join(encode_lines(text, attempt=2, at_ms=5)), first=8))

    assert [line.text for line in lines] == (text.splitlines() or [""])
    assert [(line.number, line.attempt, line.at_ms) for line in lines] == [(8 + at, 2, 5) for at in range(len(lines))]


def test_what_no_text_can_hold_and_what_is_too_long_is_replaced() -> None:
    (line,) = decode_lines(b"".join(encode_lines("\ud800" + "é" * 9_999, 1, 5)), 1)
    assert line.text == "?" + "é" * (LINE_CHARACTERS - 2) + "…"

    found = decode_progress(encode_progress(Progress(done=1, total=2, note="\udfff" + "é" * 999)))
    assert found is not None
    assert found.note == "?" + "é" * (NOTE_CHARACTERS - 2) + "…"


def test_lines_of_another_program_are_shown_without_a_time() -> None:
    assert list(decode_lines(b"hello\nnot \xff ended", 1)) == [LogLine(number=1, attempt=0, at_ms=0, text="hello")]


@pytest.mark.parametrize(
    ("done", "at_ms", "now_ms", "left_s"),
    [
        (60, 11_000, 11_000, 10.0),
        (60, 11_000, 13_000, 8.0),
        (60, 11_000, 21_000, None),
        (20, 1_000, 2_000, None),
        (20, 5_000, 5_000, None),
        (100, 11_000, 99_000, 0.0),
    ],
    ids=["at its pace", "as time goes on", "slower than it was", "one report", "no step forward", "done"],
)
def test_the_time_left_is_told_by_the_pace_since_the_first_report(
    done: int, at_ms: int, now_ms: int, left_s: float | None
) -> None:
    told = Progress(done=done, total=100, at_ms=at_ms, began_done=20, began_ms=1_000)

    assert told.left_s(now_ms) == left_s
