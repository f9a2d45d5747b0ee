"""Typed text becomes a duration, a time, a priority or a queue, or an error that shows a valid one."""

from datetime import UTC, datetime

import click
import pytest

from redisched.cli.parameters import moment, priority, queue_names, seconds
from redisched.errors import InvalidOption


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("2.5", 2.5),
        (".5s", 0.5),
        ("500ms", 0.5),
        ("10s", 10.0),
        ("5m", 300.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
    ],
)
def test_durations_are_parsed(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "x", "-1", "1x", "1 s", "1h30m", "1e3", "nan", "inf", "१s", "10S"])
def test_an_invalid_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 500ms"):
        seconds(text)


@pytest.mark.parametrize("text", ["2030-01-31T09:00:00Z", "2030-01-31 10:00+01:00", "1896080400"])
def test_times_are_parsed(text: str) -> None:
    found = moment(text)

    assert found in (datetime(2030, 1, 31, 9, tzinfo=UTC), 1896080400.0)


@pytest.mark.parametrize(("text", "hint"), [("tomorrow", "such as 2030"), ("2030-01-31T09:00:00", "append Z")])
def test_an_invalid_time_is_refused(text: str, hint: str) -> None:
    with pytest.raises(click.BadParameter, match=hint):
        moment(text)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("255", 255), ("high", 3), ("CRITICAL", 0)])
def test_priorities_are_parsed(text: str, value: int) -> None:
    assert priority(text) == value


@pytest.mark.parametrize("text", ["", "1.5", "urgent"])
def test_an_invalid_priority_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="critical, high"):
        priority(text)


def test_queue_names_are_parsed() -> None:
    assert queue_names("mail, images") == ("mail", "images")
    assert queue_names("") == ()


@pytest.mark.parametrize("text", ["a,,b", "a b", "{x}"])
def test_an_invalid_queue_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption):
        queue_names(text)
