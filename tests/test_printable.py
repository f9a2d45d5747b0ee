"""Characters that a terminal or a shell would obey are shown as escapes, or quoted."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.printable import printable, printable_lines, shell_argument, shell_word, shortened

HOSTILE = {
    "colour": "\x1b[31mred",
    "title": "\x1b]0;title\x07",
    "link": "\x1b]8;;http://localhost\x1b\\link",
    "clipboard": "\x1b]52;c;AAAA\x07",
    "eight-bit sequence": "\x9b31m",
    "eight-bit string": "\x90q\x9c",
    "override": "\u202eexe.txt",
    "isolate": "\u2066a\u2069",
    "mark": "a\u200fb",
    "return": "good\rbad",
    "backspace": "ab\b\b",
    "bell": "\x07",
    "nul": "\x00",
    "delete": "\x7f",
    "newline": "one\ntwo",
    "tab": "one\ttwo",
    "line separator": "one\u2028two",
    "next line": "one\x85two",
    "zero width": "a\u200bb",
    "byte order": "\ufeffa",
    "tag": "a\U000e0041",
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_becomes_visible(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert "\\" in shown


@given(st.text())
def test_any_text_becomes_visible(text: str) -> None:
    assert printable(text).isprintable()


@pytest.mark.parametrize("text", ["", "plain", "Grüße 東京 🚀", "[red]no markup[/red]", "C:\\temp"])
def test_visible_text_is_unchanged(text: str) -> None:
    assert printable(text) == text


def test_escapes_name_the_character() -> None:
    assert printable("a\x1b[1m\u202eb\n") == r"a\x1b[1m\u202eb\n"


@given(st.text())
def test_line_feeds_are_kept_in_texts_of_several_lines(text: str) -> None:
    lines = printable_lines(text).split("\n")

    assert len(lines) == text.count("\n") + 1
    assert all(line.isprintable() for line in lines)


def test_line_ends_of_other_systems_count_as_line_ends() -> None:
    assert printable_lines("one\r\ntwo\rthree") == "one\ntwo\\rthree"


@pytest.mark.parametrize(("text", "width", "shown"), [("abcd", 4, "abcd"), ("abcde", 4, "abc…"), ("", 4, "")])
def test_long_text_is_cut(text: str, width: int, shown: str) -> None:
    assert shortened(text, width) == shown


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_what_is_pasted_into_a_shell_is_one_word(text: str) -> None:
    assert shlex.split(f"redisched task show {shell_word(text)}") == ["redisched", "task", "show", text]


@pytest.mark.parametrize(
    ("text", "said"), [("a:b", "a:b"), ("$(reboot)", "'$(reboot)'"), ("-x", "-- -x"), ("-$x", "-- '-$x'")]
)
def test_an_argument_is_no_option(text: str, said: str) -> None:
    assert shell_argument(text) == said


def test_a_word_for_a_shell_is_printable() -> None:
    assert shell_word("a\x1b") == r"'a\x1b'"
