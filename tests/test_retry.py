"""The policy of retries: what is paused how long, what is never tried again, and what is refused."""

import math
from datetime import timedelta
from typing import Any

import pytest

from redisched import Reject, Retry, RetryLater, Snooze, exponential, fixed, linear, never
from redisched.errors import HandlerTimedOut, InvalidOption

LEAST, MOST = 0.0, 1.0
"""What the random generator may draw at its extremes."""


class TimedOutGateway(TimeoutError):
    pass


def pauses_s(retry: Retry, attempts: int = 4, error: BaseException | None = None, drawn: float = MOST) -> list[Any]:
    """The pauses after the first attempts."""
    failed = error or ValueError("no")
    return [retry.pause_s(failed, attempt, lambda: drawn) for attempt in range(1, attempts + 1)]


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        (exponential(5), [5, 10, 20, 40]),
        (exponential(5, 15), [5, 10, 15, 15]),
        (exponential(timedelta(minutes=1), cap=timedelta(minutes=3)), [60, 120, 180, 180]),
        (linear(10), [10, 20, 30, 40]),
        (linear(10, cap=25), [10, 20, 25, 25]),
        (fixed(7), [7, 7, 7, 7]),
        ([1, 5, timedelta(minutes=1)], [1, 5, 60, 60]),
        ((2.5,), [2.5, 2.5, 2.5, 2.5]),
        (lambda attempt, error: attempt**2, [1, 4, 9, 16]),
        (lambda attempt, error: timedelta(minutes=attempt), [60, 120, 180, 240]),
        (lambda attempt, error: None if attempt > 2 else 1, [1, 1, None, None]),
    ],
)
def test_the_pauses_are_those_of_the_backoff(backoff: Any, expected: list[float | None]) -> None:
    assert pauses_s(Retry(backoff=backoff)) == expected


@pytest.mark.parametrize(
    ("backoff", "shortest"),
    [
        (exponential(8), [4, 8, 16, 32]),
        (exponential(8, jitter=0.25), [6, 12, 24, 48]),
        (exponential(8, jitter=0), [8, 16, 32, 64]),
        (linear(8, jitter=1), [0, 0, 0, 0]),
        (fixed(8, jitter=0.5), [4, 4, 4, 4]),
    ],
)
def test_jitter_subtracts_at_most_its_share(backoff: Any, shortest: list[float]) -> None:
    assert pauses_s(Retry(backoff=backoff), drawn=LEAST) == shortest


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [(ConnectionError(), True), (BrokenPipeError(), False), (ValueError(), False), (HandlerTimedOut(), True)],
)
def test_only_chosen_errors_are_retried(error: BaseException, is_retried: bool) -> None:
    retry = Retry(on=(ConnectionError, TimeoutError), never=BrokenPipeError)

    assert (pauses_s(retry, 1, error) != [None]) is is_retried


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), 10),
        (TimedOutGateway(), 10),
        (HandlerTimedOut(), 10),
        (FileNotFoundError(), None),
        (PermissionError(), 3),
        (KeyError(), 5),
    ],
)
def test_the_rule_of_the_nearest_class_holds(error: BaseException, expected: float | None) -> None:
    retry = Retry.match({OSError: fixed(3), TimeoutError: fixed(10), FileNotFoundError: never}, backoff=fixed(5))

    assert pauses_s(retry, 1, error) == [expected]


def test_several_types_of_errors_may_have_one_rule() -> None:
    retry = Retry.match({(ConnectionError, TimeoutError): fixed(3)}, backoff=fixed(5))

    assert [pauses_s(retry, 1, error) for error in (ConnectionError(), TimeoutError(), ValueError())] == [[3], [3], [5]]


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0}, {"attempts": True}, {"attempts": 1.5},
        {"backoff": 5}, {"backoff": []}, {"backoff": "soon"}, {"backoff": [1, -1]}, {"backoff": [math.nan]},
        {"on": ValueError()}, {"on": "ValueError"}, {"on": (ValueError, 3)}, {"never": int},
        {"rules": ((ValueError, 7),)}, {"rules": (("ValueError", never),)},
    ],
    ids=str,
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(InvalidOption) as refusal:
        Retry(**options)
    assert refusal.value.argument == ("match" if name == "rules" else name)


@pytest.mark.parametrize(
    "make",
    [
        lambda: exponential(-1),
        lambda: exponential("5"),  # type: ignore[arg-type]  # bad on purpose
        lambda: exponential(1, math.inf),
        lambda: exponential(1, jitter=1.1),
        lambda: linear(1, jitter=-0.1),
        lambda: fixed(math.nan),
        lambda: fixed(1, jitter=True),
        lambda: Retry.match([ValueError]),  # type: ignore[arg-type]  # bad on purpose
        lambda: RetryLater(-1),
        lambda: Snooze("later"),  # type: ignore[arg-type]  # bad on purpose
        lambda: Reject(""),
        lambda: Reject(None),  # type: ignore[arg-type]  # bad on purpose
    ],
)
def test_a_pause_that_is_none_is_refused(make: Any) -> None:
    with pytest.raises(InvalidOption):
        make()


def test_a_function_that_returns_no_pause_is_an_error() -> None:
    with pytest.raises(InvalidOption):
        Retry(backoff=lambda attempt, error: "soon").pause_s(ValueError(), 1, lambda: 0.0)  # type: ignore[arg-type,return-value]
