"""Values in the texts of errors."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import InvalidOption
from redisched.shortened import shortened


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(9999, 1, 1, tzinfo=UTC), "9999-01-01T00:00:00+00:00"),
        (datetime(2030, 1, 1, 9, 30), "2030-01-01T09:30:00"),
        (date(2030, 1, 1), "2030-01-01"),
        (time(9, 30), "09:30:00"),
        (timedelta(days=-1), "-1 day, 0:00:00"),
        ("2030-01-01", "'2030-01-01'"),
        (5, "5"),
        ("x" * 100, "'" + "x" * 76 + "..."),
    ],
)
def test_a_value_is_shown_as_people_write_it(value: object, text: str) -> None:
    assert shortened(value) == text


class Odd:
    def __repr__(self) -> str:
        raise ValueError


class Hidden:
    @property
    def __class__(self) -> Any:
        raise ValueError

    @__class__.setter
    def __class__(self, _other: Any) -> None: ...


@pytest.mark.parametrize("kind", [Odd, Hidden])
def test_what_cannot_be_shown_is_named(kind: type) -> None:
    assert shortened(kind()) == f"<{kind.__name__} whose repr raised ValueError>"


@pytest.mark.parametrize("option", ["run_at", "deadline", "expires"])
def test_a_moment_out_of_range_is_a_text(option: str) -> None:
    app = Scheduler(url="redis://127.0.0.1:1")

    with pytest.raises(InvalidOption, match=rf"^{option}=9999-01-01T00:00:00\+00:00: a moment between 1970"):
        app.enqueue("send", **{option: datetime(9999, 1, 1, tzinfo=UTC)})  # type: ignore[arg-type]
