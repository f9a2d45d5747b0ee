"""The default retries: long enough for a dependency to be restarted, whatever the jitter draws."""

import re
from pathlib import Path

from redisched.handler_options import HandlerOptions
from redisched.retry import DEFAULT_ATTEMPTS, DEFAULT_BACKOFF

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
HOUR_S = 3_600
SHORTEST, LONGEST = 0.0, 1.0
"""What the random generator may draw at its extremes."""


def pauses_s(drawn: float) -> list[float]:
    """The pauses between the attempts of a task that always fails."""
    return [DEFAULT_BACKOFF.delay_s(failures, lambda: drawn) for failures in range(1, DEFAULT_ATTEMPTS)]


def test_they_last_two_hours_even_if_every_pause_is_the_shortest() -> None:
    assert HandlerOptions().retry.attempts == DEFAULT_ATTEMPTS
    assert sum(pauses_s(SHORTEST)) >= 2 * HOUR_S


def test_they_end_on_the_same_working_day() -> None:
    assert sum(pauses_s(LONGEST)) <= 5 * HOUR_S
    assert max(pauses_s(LONGEST)) <= HOUR_S


def test_the_first_one_comes_within_seconds() -> None:
    assert 1 < pauses_s(SHORTEST)[0] < pauses_s(LONGEST)[0] <= 5


def test_the_readme_says_what_they_are() -> None:
    (row,) = re.findall(r"^\| `max_attempts` .*$", README, re.MULTILINE)
    first, second, third, *_ = (f"{pause_s:g} s" for pause_s in pauses_s(LONGEST))
    hours = f"{sum(pauses_s(SHORTEST)) / HOUR_S:.1f} to {sum(pauses_s(LONGEST)) / HOUR_S:.1f} hours"

    assert f"{first}, {second}, {third}" in row
    assert hours in row
    assert row.endswith(f"| {DEFAULT_ATTEMPTS} |")
