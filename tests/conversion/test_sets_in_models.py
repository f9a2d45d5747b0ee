"""Sets within pydantic models travel in one order, so that equal models are the same call in every process."""

from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

from redisched.conversion.annotations import Forms

FORWARD, BACKWARD = (0, 8), (8, 0)
"""Two numbers that a set of their order holds in that order, as they have the same place in it."""


@dataclass(frozen=True)
class Held:
    numbers: frozenset[int]


class Inner(pydantic.BaseModel):
    numbers: set[int] = pydantic.Field(alias="Numbers")


class Outer(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    inner: Inner
    each: list[set[int]]
    by_name: dict[str, frozenset[int]]
    held: Held
    pair: tuple[set[int], int] = (set(), 0)


class Root(pydantic.RootModel[dict[str, set[int]]]):
    pass


class Told(pydantic.BaseModel):
    numbers: set[int]

    @pydantic.field_serializer("numbers")
    def tell(self, numbers: set[int]) -> list[str]:
        return sorted(str(number) for number in numbers)


def outer(numbers: tuple[int, int]) -> Outer:
    return Outer(
        inner=Inner(Numbers=set(numbers)),
        each=[set(numbers), {1}],
        by_name={"a": frozenset(numbers)},
        held=Held(frozenset(numbers)),
        pair=(set(numbers), 3),
        more=[set(numbers)],  # type: ignore[call-arg]
    )


def test_the_two_sets_differ_in_their_order() -> None:
    assert list(set(FORWARD)) != list(set(BACKWARD))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (outer(FORWARD), outer(BACKWARD)),
        (Root({"a": set(FORWARD)}), Root({"a": set(BACKWARD)})),
        (Told(numbers=set(FORWARD)), Told(numbers=set(BACKWARD))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_equal_models_travel_alike(one: Any, other: Any) -> None:
    form = Forms().of(type(one))

    assert form.encode(one) == form.encode(other)
    if not isinstance(one, Outer):
        assert form.decode(form.encode(one)) == one


def test_what_they_hold_is_there() -> None:
    numbers = [0, 8]
    encoded = Forms().of(Outer).encode(outer(BACKWARD))

    assert encoded == {
        "inner": {"Numbers": numbers},
        "each": [numbers, [1]],
        "by_name": {"a": numbers},
        "held": {"numbers": numbers},
        "pair": [numbers, 3],
        "more": [numbers],
    }
