"""Typed text becomes a duration, a time, a priority or a queue, or an error that shows a valid one."""

from datetime import UTC, datetime

import click
import pytest

from redisched.cli.parameters import byte_count, moment, priority, queue_names, seconds
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("300MB", 300_000_000),
        ("300m", 300_000_000),
        ("300 MB", 300_000_000),
        ("1.5GB", 1_500_000_000),
        ("2K", 2_000),
        ("512MiB", 512 * 2**20),
        (".5gi", 2**29),
        ("7B", 7),
    ],
)
def test_numbers_of_bytes_are_converted(text: str, value: int) -> None:
    assert byte_count(text) == value


@pytest.mark.parametrize("text", ["", "MB", "12XB", "-1", "1e3", "1TB", "1 000", "nan", "१MB"])
def test_an_invalid_number_of_bytes_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="such as 300MB"):
        byte_count(text)


@pytest.mark.parametrize("text", ["2030-01-31T09:00:00Z", "2030-01-31 10:00+01:00", "1896080400"])
def test_times_are_parsed(text: str) -> None:
    found = moment(text)

    assert found in (datetime(2030, 1, 31, 9, tzinfo=UTC), 1896080400.0)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tomorrow", "such as 2030"),
        ("2030-01-31T09:00:00", "append Z or"),
        ("2030-01-31 09:00", "append Z or"),
        ("2030-01-31", "append T00:00Z or"),
        *((text, "such as 2030") for text in ("nan", "inf", "-inf", "1e400", "2030-01-31Z")),
    ],
)
def test_an_invalid_time_is_refused(text: str, hint: str) -> None:
    with pytest.raises(click.BadParameter, match=hint):
        moment(text)


def test_what_is_advised_to_append_makes_a_time() -> None:
    assert moment("2030-01-31" + "T00:00Z") == datetime(2030, 1, 31, tzinfo=UTC)
    assert moment("2030-01-31T09:00:00" + "Z") == datetime(2030, 1, 31, 9, tzinfo=UTC)


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
