"""Resources that a test gives to handlers, in place of what their factories make."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from redisched.callables import label_of
from redisched.errors import InvalidOption
from redisched.registry import Registry
from redisched.resources import given_by_hand, given_in_process


def check_given(registry: Registry, given: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Raises InvalidOption for what is no mapping, and for a factory of which no handler needs anything."""
    check_values(given)
    needs = [need for entry in registry if entry.resources is not None for need in entry.resources.needs]
    known = dict.fromkeys(factory for need in needs for factory in need.factories())
    for factory in given:
        if factory not in known:
            there_are = ", ".join(map(label_of, known)) or "none"
            allowed = f"values by the factories of the handlers' resources, of which there are: {there_are}"
            raise InvalidOption("resources", factory, allowed)
    return given


def check_values(given: object) -> None:
    """Raises InvalidOption for what is no mapping."""
    if not isinstance(given, Mapping):
        raise InvalidOption("resources", given, "a dictionary of values by the factories that make them otherwise")


@contextmanager
def given_within(given: Mapping[Any, Any]) -> Iterator[None]:
    """Within the block, handlers that are called by hand are given these values. Raises InvalidOption."""
    check_values(given)
    before = given_by_hand.set({**given_by_hand.get({}), **given})
    try:
        yield
    finally:
        given_by_hand.reset(before)


@contextmanager
def given_to_all(given: Mapping[Any, Any]) -> Iterator[None]:
    """As `given_within`, also where another asyncio Task or thread begins and ends the block than is within it."""
    given_in_process.update(given)
    try:
        yield
    finally:
        given_in_process.clear()
