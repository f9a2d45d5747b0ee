"""Annotations that are no types are refused in a sentence when the handler is registered."""

from typing import Any, LiteralString

import pytest

from redisched.client.scheduler import Scheduler
from redisched.errors import InvalidOption


def handler_of(app: Scheduler, annotation: Any) -> Any:
    def handle(value: Any) -> None: ...

    handle.__annotations__ = {"value": annotation, "return": None}
    return app.task(name="handle")(handle)


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ("the number of things", "SyntaxError"),
        ("", "a type, or no annotation"),
        ("Any.nothing", "AttributeError"),
        ("int[str]", "TypeError"),
        ("int | 'Path'", "TypeError"),
        ("1 / 0", "ZeroDivisionError"),
        ([int], "cannot travel"),
        ({}, "cannot travel"),
    ],
)
def test_what_is_no_type_is_refused_in_a_sentence(fake_app: Scheduler, annotation: Any, said: str) -> None:
    with pytest.raises(InvalidOption, match=f"annotation of value of handle=.*{said}"):
        handler_of(fake_app, annotation)


def test_an_alias_that_holds_itself_is_refused_in_a_sentence(fake_app: Scheduler) -> None:
    class Alias:
        """As the `type` statement of Python 3.12 makes."""

        __type_params__ = ()

        def __call__(self) -> None: ...

        @property
        def __value__(self) -> Any:
            return dict[str, self] | int  # type: ignore[valid-type]

    with pytest.raises(InvalidOption, match="the alias holds itself"):
        handler_of(fake_app, Alias())


def test_a_literal_string_is_a_str(fake_app: Scheduler) -> None:
    assert handler_of(fake_app, LiteralString).entry.conversion is None
