"""Filters in requests. They are those of the command line, but for arguments that are hidden: a filter that may ask for
their values would tell them.
"""

from dataclasses import replace

from redisched.errors import InvalidOption
from redisched.filters.conditions import ArgumentIs, Condition, Opposite
from redisched.filters.filter import Filter
from redisched.filters.parsing import parse
from redisched.redaction import Redactor
from redisched.store.page import Place
from redisched.web.parameters import PLACE_PATTERN, Parameter, matching
from redisched.web.problems import bad_request

LONGEST = 4_000
"""A filter has at most so many characters."""
LOOKS = 300
"""For one request about so many tasks are looked at, which takes Redis some 3 milliseconds. Who asks goes on from where
the answer ends.
"""
FILTER_FORMAT = "redisched-filter"


def filter_in(text: str, redactor: Redactor) -> Filter:
    """The filter of a text. Raises InvalidFilter, and Problem if it asks for what is hidden."""
    return Filter(tuple(_without_secrets(condition, redactor) for condition in parse(text).conditions))


def check_filter_text(option: str, text: str) -> str:
    """Check that the text of a filter is one that can be read. Raises InvalidOption."""
    if len(text) > LONGEST:
        raise InvalidOption(option, text[:40], f"a filter of at most {LONGEST} characters")
    parse(text)
    return text


def _without_secrets(condition: Condition, redactor: Redactor) -> Condition:
    """The condition held against what is shown of a value: one that is not hidden may have secrets within."""
    if isinstance(condition, Opposite):
        return Opposite(_without_secrets(condition.of, redactor))
    if not isinstance(condition, ArgumentIs):
        return condition
    for key in filter(redactor.hides, condition.path):
        raise bad_request("hidden", f"arguments named {key} are hidden here, so no filter may ask for them")
    return replace(condition, seen=redactor.value)


def _check_place(option: str, text: str) -> str:
    return str(Place.read(option, text))


AFTER = matching("after", "The `next` of the answer before, to go on from there.", PLACE_PATTERN, _check_place)
FILTER = Parameter(
    name="filter",
    description="Which tasks, such as: state:dead name:send_* error:Timeout queue:mail arg.order_id:42 age:>1h -id:abc",
    schema={"type": "string", "format": FILTER_FORMAT, "maxLength": LONGEST},
    read=check_filter_text,
    default="",
)
