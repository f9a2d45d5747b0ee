"""Intervals, single moments, and what bounds and shifts slots."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched.errors import InvalidOption
from redisched.packing import pack_own, unpack
from redisched.timetable.at import At
from redisched.timetable.cron import Cron
from redisched.timetable.every import Every
from redisched.timetable.timetable import Timetable, from_record, next_slots
from redisched.timetable.timing import Timing
from tests.timetable.clocks import in_ms

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
NOON_MS = in_ms("2026-11-29T12:00Z")
DAILY = Cron(expression="0 3 * * *", tz="Europe/Berlin")


@pytest.mark.parametrize("interval", ["90s", 90, 90.0, timedelta(seconds=90), "1.5m"])
def test_slots_of_an_interval_are_counted_from_1970(interval: object) -> None:
    every = Every.of(interval)

    assert next_slots(every, NOON_MS, 2) == [NOON_MS + 90_000, NOON_MS + 180_000]
    assert every.next_after_ms(NOON_MS - 1) == NOON_MS


def test_slots_of_an_interval_are_counted_from_its_anchor_in_both_directions() -> None:
    every = Every.of("1h", anchor=NOON + timedelta(minutes=17))

    assert next_slots(every, NOON_MS, 2) == [NOON_MS + 17 * 60_000, NOON_MS + 77 * 60_000]
    assert every.next_after_ms(NOON_MS - 3_600_000) == NOON_MS - 43 * 60_000


def test_a_moment_has_one_slot_and_may_have_passed() -> None:
    at = At.of(NOON)

    assert at.next_after_ms(NOON_MS - 1) == NOON_MS
    assert at.next_after_ms(NOON_MS) is None


@pytest.mark.parametrize(
    ("timetable", "words"),
    [
        (Every.of("10m"), "every 10 minutes"),
        (Every.of("1h"), "every hour"),
        (Every.of("90s"), "every 1 minute 30 seconds"),
        (Every.of(1.5), "every 1 second 500 milliseconds"),
        (Every.of("1h", anchor=NOON), "every hour, counted from 2026-11-29 12:00 UTC"),
        (At.of(NOON), "once, 2026-11-29 12:00 UTC"),
        (At.of(1.25), "once, 1970-01-01 00:00:01.250 UTC"),
        (
            Timing.of(DAILY, start=NOON, end=NOON + timedelta(days=9), jitter="30s"),
            "at 03:00 every day, Berlin time, each up to 30 seconds later, from 2026-11-29 12:00 UTC, "
            "until 2026-12-08 12:00 UTC",
        ),
        (Timing.of(Every.of("1h"), jitter=60), "every hour, each up to 1 minute later"),
    ],
)
def test_it_is_said_in_words(timetable: Timetable | Timing, words: str) -> None:
    assert timetable.words() == words


def test_no_slot_comes_before_the_start_or_after_the_end() -> None:
    hourly = Every.of("1h")
    timing = Timing.of(hourly, start=NOON, end=NOON + timedelta(hours=2))

    assert [timing.next_after_ms(after_ms) for after_ms in (-1, NOON_MS - 1, NOON_MS)] == [
        NOON_MS,
        NOON_MS,
        NOON_MS + 3_600_000,
    ]
    assert timing.next_after_ms(NOON_MS + 3_600_000) == NOON_MS + 2 * 3_600_000
    assert timing.next_after_ms(NOON_MS + 2 * 3_600_000) is None


def test_jitter_is_the_same_everywhere_and_differs_between_slots_and_schedules() -> None:
    timing = Timing.of(Every.of("1h"), jitter="10m")
    slots = next_slots(timing.timetable, NOON_MS, 200)
    later = [timing.run_at_ms("reports", slot_ms) - slot_ms for slot_ms in slots]

    assert later == [timing.run_at_ms("reports", slot_ms) - slot_ms for slot_ms in slots]
    assert later[:3] == [578_978, 314_938, 36_004]  # of all versions of redisched
    assert 0 <= min(later) < 60_000
    assert 540_000 < max(later) <= 600_000
    assert later != [timing.run_at_ms("mails", slot_ms) - slot_ms for slot_ms in slots]


def test_without_jitter_tasks_run_at_their_slot() -> None:
    assert Timing.of(DAILY).run_at_ms("reports", NOON_MS) == NOON_MS


@pytest.mark.parametrize(
    "timing",
    [
        Timing.of(DAILY),
        Timing.of(Every.of(90), start=NOON, jitter=1),
        Timing.of(At.of(NOON)),
        Timing.of(DAILY, end=NOON),
    ],
)
def test_a_record_is_read_as_what_it_was(timing: Timing) -> None:
    read = Timing.from_record(unpack(pack_own(timing.as_record())))

    assert read == timing
    assert read.digest() == timing.digest()


def test_the_digest_differs_with_every_part_and_is_that_of_all_versions() -> None:
    timings = [
        Timing.of(DAILY),
        Timing.of(Cron(expression="0 3 * * *", tz="Europe/Paris")),
        Timing.of(DAILY, start=NOON),
        Timing.of(DAILY, end=NOON),
        Timing.of(DAILY, jitter=1),
    ]

    assert len({timing.digest() for timing in timings}) == len(timings)
    assert Timing.of(DAILY).digest() == "1a13e2d3a490fd16"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Every.of("0.5s"), "every='0.5s': at least 1 s"),
        (lambda: Every.of("soon"), "every='soon': seconds, a timedelta or a text"),
        (lambda: Every.of(0), "every=0"),
        (lambda: Every.of(float("nan")), "every=nan"),
        (lambda: Every.of("1h", anchor=datetime(2026, 1, 1)), "anchor=.* an aware datetime"),
        (lambda: At.of(datetime(2026, 1, 1)), "at=.* an aware datetime"),
        (lambda: At.of("tomorrow"), "at='tomorrow'"),
        (lambda: At.of(datetime(2200, 1, 1, tzinfo=UTC)), "between 1970 and the year 2109"),
        (lambda: Timing.of(DAILY, start=datetime(2026, 1, 1)), "start=.* an aware datetime"),
        (lambda: Timing.of(DAILY, jitter="-1s"), "jitter='-1s'"),
        (
            lambda: Timing.of(DAILY, start=NOON, end=NOON - timedelta(1)),
            "at least one slot from .* until .*there is none",
        ),
        (lambda: Timing.of(DAILY, start=NOON, end=NOON + timedelta(hours=2)), "there is none"),
        (lambda: Timing.of(At.of(NOON), start=NOON + timedelta(1)), "there is none"),
        (lambda: from_record(["cron", "0 3 * * *"]), "timetable="),
        (lambda: from_record(["sundial", 1]), "begins with one of cron, every, at"),
        (lambda: from_record(None), "timetable=None"),
        (lambda: from_record(["every", "x", 0]), "interval_ms='x'"),
        (lambda: Timing.from_record([1]), "timing="),
        (lambda: Timing.from_record([["every", 1_000, 0], "x", None, 0]), "start_ms='x'"),
    ],
)
def test_what_is_no_timetable_is_refused(make: Any, why: str) -> None:
    with pytest.raises(InvalidOption, match=why):
        make()
