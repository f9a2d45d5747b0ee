"""The default retries: they last long enough for a dependency to be restarted, with any jitter."""

import re
from pathlib import Path

from redisched.handler_options import HandlerOptions
from redisched.retry import DEFAULT_ATTEMPTS, DEFAULT_BACKOFF

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
HOUR_S = 3_600
SHORTEST, LONGEST = 0.0, 1.0
"""The extreme values that the random generator may draw."""


def pauses_s(drawn: float) -> list[float]:
    """The pauses between the attempts of a task that always fails."""
    return [DEFAULT_BACKOFF.delay_s(failures, lambda: drawn) for failures in range(1, DEFAULT_ATTEMPTS)]


def test_retries_last_two_hours_even_with_the_shortest_pauses() -> None:
    assert HandlerOptions().retry.attempts == DEFAULT_ATTEMPTS
    assert sum(pauses_s(SHORTEST)) >= 2 * HOUR_S


def test_retries_end_on_the_same_working_day() -> None:
    assert sum(pauses_s(LONGEST)) <= 5 * HOUR_S
    assert max(pauses_s(LONGEST)) <= HOUR_S


def test_the_first_retry_comes_within_seconds() -> None:
    assert 1 < pauses_s(SHORTEST)[0] < pauses_s(LONGEST)[0] <= 5


def test_the_readme_states_the_retries() -> None:
    (row,) = re.findall(r"^\| `max_attempts` .*$", README, re.MULTILINE)
    first, second, third, *_ = (f"{pause_s:g} s" for pause_s in pauses_s(LONGEST))
    hours = f"{sum(pauses_s(SHORTEST)) / HOUR_S:.1f} to {sum(pauses_s(LONGEST)) / HOUR_S:.1f} hours"

    assert f"{first}, {second}, {third}" in row
    assert hours in row
    assert row.endswith(f"| {DEFAULT_ATTEMPTS} |")
