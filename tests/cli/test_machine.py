"""Every value that a task can hold is printed as strict JSON."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from redisched.cli.machine import print_json
from redisched.jsonable import to_json


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, None),
        (True, True),
        (2**63, 2**63),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (b"ab\xff", "ab\\xff"),
        ({b"key": 1, "other": b"x"}, {"key": 1, "other": "x"}),
        ({1, 2}, [1, 2]),
        ((1, [2]), [1, [2]]),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(2030, 1, 31), "2030-01-31"),
        (datetime(2030, 1, 31, tzinfo=UTC), "2030-01-31 00:00:00+00:00"),
    ],
)
def test_values_without_a_json_form_become_text(value: object, read: object) -> None:
    assert json.loads(to_json(value)) == read


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    nested: list[Any] = []
    for _ in range(500):
        nested = [nested]

    assert '"..."' in to_json(nested)


def test_output_is_ascii_without_a_control_character(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(["\x1b[1m", "\x7f", "\x9b", "\u202e", "\ud800"])

    printed = capsys.readouterr().out
    assert all(character == "\n" or " " <= character <= "~" for character in printed)
    assert json.loads(printed) == ["\x1b[1m", "\x7f", "\x9b", "\u202e", "\ud800"]
