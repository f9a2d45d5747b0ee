"""What is given to the testing kit and is of a wrong type is refused by the name of its parameter."""

from typing import Any

import pytest

from redisched import Scheduler, testing
from redisched.errors import InvalidOption

WRONG: list[Any] = [True, 5, 1.5, float("nan"), object(), [[1]], [5], int, b"a", {5: [1]}, lambda: 1]


@pytest.mark.parametrize("parameter", ["id", "queue", "run_at", "headers", "resources"])
@pytest.mark.parametrize(
    "value", [one for one in WRONG if not isinstance(one, int | float | dict)], ids=lambda value: type(value).__name__
)
def test_a_context_refuses_it(parameter: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=f"^{parameter}="), testing.context(**{parameter: value}):
        pass


@pytest.mark.parametrize("parameter", ["attempt", "max_attempts", "fence", "priority", "timeout"])
@pytest.mark.parametrize(
    "value", ["5", -1, [], object(), float("nan"), float("inf"), True], ids=lambda value: type(value).__name__
)
def test_a_context_refuses_what_is_no_number_for_it(parameter: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=f"^{parameter}="), testing.context(**{parameter: value}):
        pass


@pytest.mark.parametrize("parameter", ["start", "backend", "resources", "schedules"])
@pytest.mark.parametrize(
    "value",
    [one for one in WRONG if not isinstance(one, int | float) or one != one],
    ids=lambda value: type(value).__name__,
)
def test_a_worker_refuses_it(parameter: str, value: Any) -> None:
    with (
        pytest.raises(InvalidOption, match=f"^{parameter}="),
        testing.worker(Scheduler(), **{parameter: value}),
    ):
        pass
    with testing.worker(Scheduler()):
        """Nothing is left of the one before."""


@pytest.mark.parametrize("most", [None, 0, -1, 1.5, "5", True])
def test_the_most_attempts_are_a_whole_number(most: Any) -> None:
    with testing.worker(Scheduler()) as w, pytest.raises(InvalidOption, match=r"^most="):
        w.run_until_idle(most=most)


@pytest.mark.parametrize("name", [[], {}, None, 5, "unknown"])
def test_an_application_has_no_handler_of_a_name_that_is_none(name: Any) -> None:
    with pytest.raises(InvalidOption, match=r"^name="):
        Scheduler().handler(name)
