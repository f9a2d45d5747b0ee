"""Checks of the arguments of an action. Each raises InvalidOption."""

import math
from collections.abc import Collection, Mapping
from typing import Any

from redisched.errors import InvalidOption
from redisched.filters.filter import EVERY_STATE
from redisched.model import TaskState


def only(arguments: Mapping[str, Any], *names: str) -> None:
    """Check that an action is given no other arguments than these."""
    for name in sorted(arguments.keys() - {*names}):
        raise InvalidOption("arguments", name, f"one of {', '.join(names)}" if names else "nothing for this action")


def number_in(arguments: Mapping[str, Any], name: str, lowest: float, highest: int) -> float | None:
    """A number within bounds, None if it is not given."""
    value = arguments.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidOption(name, value, "a number")
    if not lowest <= value <= highest:
        raise InvalidOption(name, value, f"a number from {lowest} to {highest}")
    return value


def whole_in(arguments: Mapping[str, Any], name: str) -> Any:
    """What is given, and a whole number as an int, however JSON writes it: 5 and 5.0 are the same there."""
    value = arguments.get(name)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def state_list(arguments: Mapping[str, Any], name: str, usual: Collection[TaskState]) -> frozenset[TaskState]:
    """Names of states."""
    values = arguments.get(name)
    if values is None:
        return frozenset(usual)
    allowed = f"a list of some of {', '.join(sorted(EVERY_STATE))}"
    if not isinstance(values, list) or not values:
        raise InvalidOption(name, values, allowed)
    for value in values:
        if not isinstance(value, str) or value not in EVERY_STATE:
            raise InvalidOption(name, value, allowed)
    return frozenset(map(TaskState, values))
