"""`redisched schedule next` tells of an expression when it fires, without any server."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from redisched.timetable.cron import Cron
from tests.cli.commands import run

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_but_the_time(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("REDISCHED_URL", raising=False)
    with time_machine.travel(NOW, tick=False):
        yield


def test_an_expression_is_told_in_words_with_its_next_slots() -> None:
    result = run("schedule", "next", "30 2 * * *", "--tz", "Europe/Berlin", "--count", "3")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "when  at 02:30 every day, Berlin time",
        "zone  Europe/Berlin",
        "",
        "europe/berlin\tutc\tfrom now",
        "Sat 2026-03-28 02:30:00+01:00\tSat 2026-03-28 01:30:00\tin 13 h 30 min",
        "Sun 2026-03-29 03:00:00+02:00\tSun 2026-03-29 01:00:00\tin 1 d 13 h",
        "Mon 2026-03-30 02:30:00+02:00\tMon 2026-03-30 00:30:00\tin 2 d 12 h",
    ]


def test_without_a_zone_it_is_utc_and_five_slots() -> None:
    result = run("schedule", "next", "@monthly")

    assert result.stdout.splitlines()[:2] == ["when  at 00:00 on the first day of every month, UTC", "zone  UTC"]
    assert result.stdout.splitlines()[3] == "utc\tfrom now"
    assert len(result.stdout.splitlines()[4:]) == 5


def test_json_has_the_slots_in_milliseconds() -> None:
    result = run("schedule", "next", "0 3 * * *", "--tz", "Asia/Tokyo", "--count", "1", "--json")

    slot_ms = Cron(expression="0 3 * * *", tz="Asia/Tokyo").next_after_ms(int(NOW.timestamp() * 1_000))
    assert json.loads(result.stdout) == {
        "words": "at 03:00 every day, Tokyo time",
        "tz": "Asia/Tokyo",
        "slots": [{"slot_ms": slot_ms, "local": "2026-03-28T03:00:00+09:00"}],
    }


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("61 * * * *",), "its minute is '61'"),
        (("@daily", "--tz", "berlin"), "similar: Europe/Berlin"),
        (("0 0 30 2 *",), "this one never does"),
        (("@daily", "--count", "0"), "1<=x<=1000"),
    ],
)
def test_what_is_no_expression_or_zone_is_refused(words: tuple[str, ...], why: str) -> None:
    result = run("schedule", "next", *words)

    assert result.exit_code == 2
    assert why in result.stderr
