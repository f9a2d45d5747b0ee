"""Typed words become the values they look like."""

from typing import Any

import click
import pytest

from redisched.cli.arguments import keywords_of, value_of


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1", 1),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("null", None),
        ("[1, 2]", [1, 2]),
        ('{"a": 1}', {"a": 1}),
        ('"1"', "1"),
        ("text", "text"),
        ("two words", "two words"),
        ("", ""),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("01", "01"),
        ("[1,", "[1,"),
        ("9" * 5_000, "9" * 5_000),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_word_is_parsed_as_json_if_possible(word: str, value: object) -> None:
    assert value_of(word) == value
    assert type(value_of(word)) is type(value)


def test_pairs_become_keyword_arguments() -> None:
    assert keywords_of(("a=1", "b=x=y", "c=")) == {"a": 1, "b": "x=y", "c": ""}


@pytest.mark.parametrize("pairs", [("a",), ("=1",), ("a=1", "a=2")])
def test_an_invalid_pair_is_refused(pairs: Any) -> None:
    with pytest.raises(click.BadParameter):
        keywords_of(pairs)
